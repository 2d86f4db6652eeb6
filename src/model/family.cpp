#include "model/family.h"

#include <array>
#include <unordered_map>

#include "base/text.h"

namespace tocsin {
namespace {

// One row a family: its canonical name, then the other names it is reported under.
constexpr auto rows = std::to_array<std::string_view>({
    "adwind jrat,jsocket,alienspy,frutas,sockrat,unrecom",
    "agent-tesla agenttesla,agent_tesla,negasteal,agensla,origin-logger,originlogger",
    "akira akira-ransomware",
    "amadey amadey-bot,amadeybot",
    "andromeda gamarue,wauchos,b106-gamarue,avalanche-andromeda,andromeda-gamarue,"
    "gamarue-andromeda",
    "anubis android.anubis,bankbot.anubis",
    "asyncrat async-rat,asyncrat-c#",
    "ave-maria avemaria,warzone,warzonerat,warzone-rat,ave_maria,avemariarat",
    "azorult puffstealer,rultazo,azor,azorult-stealer",
    "babuk babyk",
    "badbox badbox2,badbox-2.0",
    "bankbot android.bankbot",
    "banload banload-downloader",
    "bashlite gafgyt,lizkebab,torlus,qbot-iot,bashlight,lizardstresser",
    "bazarloader bazar,bazaloader,bazarbackdoor,team9backdoor,kegtap,bazarcall",
    "betabot neurevt,beta-bot",
    "bitrat bit-rat",
    "black-basta blackbasta,black_basta",
    "blackcat alphv,noberus,alphv-blackcat",
    "blackenergy black-energy,blackenergy2,blackenergy3",
    "blackmatter black-matter",
    "blackshades black-shades,blackshades-rat",
    "blacknet black-net",
    "brute-ratel brute-ratel-c4,bruteratel,brc4,brute_ratel_c4",
    "bumblebee bumblebee-loader,bumble-bee,coldtrain",
    "buer buerloader,buer-loader,rustybuer",
    "carbanak anunak",
    "cerber cerber-ransomware",
    "chaos chaos-botnet,chaos-rat",
    "citadel zeus-citadel,citadel-zeus",
    "clearfake clear-fake",
    "clop cl0p,clop-ransomware",
    "cobalt-strike cobaltstrike,cobalt_strike,cobaltstrikebeacon,agentemis",
    "conficker downadup,kido,downad,confickerab,conficker-ab,confickerc,conficker-c",
    "coinminer coin-miner,cryptominer,bitcoin-miner,bitcoinminer",
    "coinhive coin-hive",
    "conti conti-ransomware",
    "corebot core-bot",
    "cryptbot crypt-bot",
    "cryptolocker crypto-locker",
    "cryptowall crypto-wall",
    "cutwail pushdo,pandex,cutwail-pushdo,pushdo-cutwail",
    "cybergate cyber-gate,rebhip",
    "danabot dana-bot",
    "darkcomet fynloski,krademok,dark-comet,darkkomet,breut,dark_comet",
    "darkgate dark-gate,mehcrypter",
    "darkside dark-side",
    "dcrat dark-crystal-rat,darkcrystal,darkcrystalrat,dcrat-stealer",
    "dharma crysis,dharma-crysis",
    "dircrypt dir-crypt",
    "dnschanger dns-changer,rove",
    "dofloo aesddos,mrblack,aes.ddos",
    "doppelpaymer doppel-paymer",
    "dorkbot ngrbot,ngr-bot,nrgbot,dorkbot-ngrbot",
    "dridex bugat-v5",
    "dyre dyreza,dyzap,battdil,dyre-dyreza",
    "egregor egregor-ransomware",
    "emotet heodo,geodo,mealybug",
    "expiro m0yv,xpiro,expiro-m0yv",
    "fakebat eugenloader,payk-loader,paykloader",
    "feodo bugat,cridex",
    "flashback flashfake,osx.flashback",
    "fleercivet fleer-civet",
    "flubot cabassous,fedex-banker,fakechat,flu-bot",
    "formbook xloader,form-book,win.xloader",
    "gameover-zeus gameover,gameoverzeus,goz,zeus-gameover,p2p-zeus,zeus-p2p,peer-to-peer-zeus,"
    "game-over-zeus",
    "gandcrab gand-crab",
    "gh0st-rat gh0strat,ghostrat,farfli,gh0st,pcrat,ghost-rat,ghost_rat,zegost",
    "glupteba glupteba-proxy",
    "gootkit gootkit-loader,gootloader,xswkit,talalpek,gootkitloader",
    "gozi ursnif,isfb,snifula,papras,gozi-isfb,ursnif-isfb,gozi-ursnif,dreambot,ifsb",
    "grandoreiro grando-reiro",
    "guloader cloudeye,gu-loader,vbdropper",
    "hajime hajime-iot",
    "hancitor chanitor,tordal",
    "havoc havoc-c2",
    "hawkeye hawkeye-keylogger,predator-pain,hawkeyekeylogger,hawk-eye",
    "hello-kitty hellokitty",
    "hesperbot hesper-bot",
    "hook hookbot,android.hook",
    "hummer android.hummer",
    "hydra android.hydra,hydra-android",
    "icedid bokbot,iced-id,photoloader",
    "jadtre wapomi,nimnul,otwycal",
    "joker android.joker",
    "kelihos hlux,kelihos-hlux",
    "kinsing h2miner,kinsing-miner",
    "kraken oderoor,bobax,bobic,cotmonger",
    "latrodectus blackwidow,icenova,unidentified-111",
    "lockbit lockbit-3.0,lockbit3,lockbit-black,lockbit2,lockbit-2.0,abcd-ransomware",
    "loki-rat lokirat",
    "lokibot loki-bot,lokipws,loki-password-stealer,loki_pws,lokibot-pws",
    "lumma lummac2,lumma-stealer,lummastealer,lummac,lumma_stealer,lummac2-stealer",
    "luminosity-link luminositylink,luminosity-rat,luminosity_rat",
    "mars-stealer marsstealer",
    "maze chacha-ransomware",
    "medusalocker medusa-locker",
    "mekotio mekotio-banker",
    "meduza meduza-stealer,meduzastealer",
    "metasploit meterpreter,metasploit-meterpreter",
    "metastealer meta-stealer",
    "mirai miraibot,satori,okiru,masuta,owari,mirai-botnet",
    "moobot moo-bot,moobot-mirai",
    "mozi mozi-p2p,mozi-botnet",
    "mumblehard mumble-hard",
    "muddywater powerstats",
    "mydoom novarg,my-doom",
    "nanocore nanocore-rat,nano-core,nancrat,nanocorerat",
    "necurs necurs-spambot",
    "netsupport netsupportmanager,netsupport-manager,netsupport-rat,netsupportmanager-rat",
    "netwire netwirerc,netwire-rat,recam,netweird,netwire-rc",
    "neutrino-bot kasidet,neutrinobot,neutrino-kasidet",
    "nivdort bayrob",
    "njrat bladabindi,njw0rm,jorik,nj-rat,bladabindi-njrat,njrat-bladabindi",
    "nymaim avalanche-nymaim,nymaim-downloader",
    "orcus orcusrat,orcus-rat,schnorchel",
    "panda-banker pandabanker,zeus-panda,panda-zeus,pandazeus",
    "phobos phobos-ransomware",
    "phorpiex trik,phorphiex,phorpiex-trik",
    "pikabot pika-bot",
    "plugx korplug,destroyrat,sogu,thoper,plug-x,tigerplug,redelta",
    "pony fareit,siplog,pony-loader,pony-stealer,ponyloader",
    "poison-ivy poisonivy,pivy,darkmoon-rat,poison_ivy,chymine",
    "poweliks powelike",
    "privateloader private-loader",
    "prometei prometei-botnet",
    "pupy pupyrat,pupy-rat",
    "purplefox purple-fox,dirtymoe",
    "pykspa pykse,skyper",
    "qakbot qbot,quakbot,pinkslipbot,qak-bot",
    "qilin agenda-ransomware",
    "qsnatch q-snatch",
    "quasar quasarrat,quasar-rat,quasar_rat,cinarat",
    "raccoon racealer,recordbreaker,raccoonstealer,raccoon-stealer,racoon,mohazo",
    "ramnit ramnit-worm",
    "redline redlinestealer,redline-stealer,redline_stealer",
    "remcos remcosrat,remcos-rat,remvio,socmer",
    "revil sodinokibi,sodin,r-evil",
    "rhadamanthys rhadamanthys-stealer,rhadamanthysstealer",
    "risepro rise-pro,riseprostealer",
    "rovnix bkloader,cidox,mayachok",
    "rustock costrat",
    "ryuk ryuk-ransomware",
    "sality salityp2p,sality-p2p,sality-virus,salload,sality2",
    "salatstealer salat-stealer",
    "sdbot sdbot-worm",
    "shifu shifu-banker",
    "shiz ibank",
    "shlayer osx.shlayer",
    "simda simda-bot",
    "sliver sliver-c2",
    "slempo android.slempo,gm-bot",
    "smokeloader smoke-loader,dofoil,sharik,smoke_loader",
    "snake-keylogger 404keylogger,404-keylogger,snakekeylogger,matiex,snake_keylogger",
    "socgholish fakeupdates,fake-updates,soc-gholish",
    "socks5systemz socks5-systemz",
    "solarmarker yellow-cockatoo,polazert,solar-marker,deimos",
    "sphinx zeus-sphinx,terdot",
    "spyeye spy-eye,spyeye-bot",
    "stealc stealc-stealer",
    "storm-worm nuwar,peacomm,zhelatin,stormworm",
    "strrat str-rat",
    "systembc coroxy,droxidat,system-bc,socks5-backconnect",
    "tdss alureon,tdl4,tdl-4,tidserv,olmarik,tdl3",
    "teambot team-bot",
    "teamtnt team-tnt",
    "teslacrypt tesla-crypt,alphacrypt",
    "tinba tiny-banker,tinybanker",
    "tofsee gheg,tofsee-gheg,mondera",
    "torpig sinowal,mebroot,anserin",
    "triada android.triada",
    "trickbot the-trick,thetrick,trick-bot,trickloader,totbrick",
    "tsunami kaiten,muhstik,kaiten-tsunami,tsunami-kaiten,ziggystartux",
    "tvt tvt-botnet",
    "upatre waski,avalanche-upatre",
    "urlzone bebloh,shiotob,avalanche-urlzone",
    "vawtrak neverquest,never-quest",
    "vidar vidar-stealer,vidarstealer",
    "virlock virlocker,polyransom",
    "virut virtob,virux,virut-virus",
    "vjw0rm vjworm,vengeance-justice-worm",
    "vobfus changeup,beebone,aaeh",
    "vpnfilter vpn-filter",
    "waledac iksmas",
    "wannacry wannacrypt,wcry,wanacry,wanacrypt0r,wannacryptor,wanadecryptor,wana-decrypt0r",
    "xmrig xmrig-miner",
    "xorddos xor.ddos,xor-ddos,groundhog",
    "xtremerat xtreme-rat,xtrat,extremerat,extreme-rat,xtreme_rat",
    "xworm x-worm,xworm-rat",
    "zeroaccess sirefef,max++,zero-access,smiscer,zaccess,zeroaccess2",
    "zeus zbot,wsnpoem,gorhax,kneber,zeus-v1,zeusbot",
    "zloader deloader,silent-night,silentnight,z-loader",
    "zgrat zg-rat",
});

using Aliases = std::unordered_map<std::string_view, std::string_view>;

const Aliases& aliases() {
  static const Aliases table = [] {
    Aliases made;
    for (std::string_view row : rows) {
      std::string_view canonical = text::cut(row, ' ');
      while (!row.empty()) made.emplace(text::cut(row, ','), canonical);
    }
    return made;
  }();
  return table;
}

// Malpedia names a family by its platform first: "win.cobalt_strike".
constexpr auto platforms = std::to_array<std::string_view>(
    {"win.", "elf.", "apk.", "js.", "osx.", "ps1.", "py.", "php.", "jar.", "vbs.", "ios.", "sh."});

}  // namespace

std::string canonical_family(std::string_view text) {
  std::string name = text::lower(text::trim(text));
  for (char& c : name) {
    if (c == ' ' || c == '\t') c = '-';
  }
  if (auto found = aliases().find(name); found != aliases().end())
    return std::string(found->second);
  for (bool cut = true; cut;) {
    cut = false;
    for (std::string_view platform : platforms) {
      if (name.size() <= platform.size() || !name.starts_with(platform)) continue;
      name.erase(0, platform.size());
      cut = true;
      for (char& c : name) {
        if (c == '_') c = '-';
      }
    }
  }
  auto found = aliases().find(name);
  return found == aliases().end() ? name : std::string(found->second);
}

}  // namespace tocsin
