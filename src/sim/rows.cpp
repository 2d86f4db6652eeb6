#include "sim/rows.h"

#include <fmt/format.h>

#include "base/ip.h"

namespace tocsin::sim {
namespace {

using namespace std::string_view_literals;

void append_number(std::string& out, std::uint64_t value) {
  fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

void append_2(std::string& out, std::uint32_t value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

// "2026-01-02" + separator + "03:04:05".
void append_time(std::string& out, const Sight& s, char separator) {
  out += s.day;
  out += separator;
  append_2(out, s.second / 3600);
  out += ':';
  append_2(out, s.second / 60 % 60);
  out += ':';
  append_2(out, s.second % 60);
}

std::uint16_t client_port(const Sight& s) {
  return static_cast<std::uint16_t>(1024 + s.chance % 64000);
}

// Fields between commas, quoted as Shadowserver does: text in quotes, numbers and nothing bare.
class Columns {
 public:
  explicit Columns(std::string& out) : out_(out) {}
  Columns& text(std::string_view value) {
    begin();
    if (value.empty()) return *this;
    out_ += '"';
    out_ += value;  // none of ours holds a quote
    out_ += '"';
    return *this;
  }
  Columns& number(std::uint64_t value) {
    begin();
    append_number(out_, value);
    return *this;
  }
  Columns& address(std::uint32_t value) {
    begin();
    out_ += '"';
    append_address(out_, value);
    out_ += '"';
    return *this;
  }
  Columns& time(const Sight& s) {
    begin();
    out_ += '"';
    append_time(out_, s, ' ');
    out_ += '"';
    return *this;
  }
  Columns& none(int count = 1) {
    while (count-- > 0) begin();
    return *this;
  }
  // A field that the caller writes, in quotes.
  template <class Write>
  Columns& written(Write write) {
    begin();
    out_ += '"';
    write(out_);
    out_ += '"';
    return *this;
  }

 private:
  void begin() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
};

constexpr auto telecom = "Communications, Service Provider, and Hosting Service"sv;

constexpr auto event_header =
    "\"timestamp\",\"protocol\",\"src_ip\",\"src_port\",\"src_asn\",\"src_geo\",\"src_region\","
    "\"src_city\",\"src_hostname\",\"src_naics\",\"src_sector\",\"device_vendor\","
    "\"device_type\",\"device_model\",\"severity\",\"dst_ip\",\"dst_port\",\"dst_asn\","
    "\"dst_geo\",\"dst_region\",\"dst_city\",\"dst_hostname\",\"dst_naics\",\"dst_sector\","
    "\"public_source\",\"infection\",\"family\",\"tag\",\"application\",\"version\",\"event_id\""sv;
constexpr auto scan_header =
    "\"timestamp\",\"severity\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\","
    "\"region\",\"city\",\"naics\",\"hostname_source\",\"sector\""sv;

void host_name(std::string& out, std::uint32_t address) {
  out += "host-";
  append_number(out, address >> 24);
  for (int shift : {16, 8, 0}) {
    out += '-';
    append_number(out, address >> shift & 255);
  }
  out += ".dyn.example";
}

// The 31 columns that all event4_ and event6_ reports begin with.
void event_columns(Columns& c, const Sight& s, bool v6, std::string_view severity,
                   std::string_view application) {
  c.time(s).text("tcp");
  if (v6) {
    c.written([&](std::string& out) {
      ip::append(out, Ip::from_halves(s.host6.high, 1 + s.key % 0xffff));
    });
  } else {
    c.address(s.host.value);
  }
  c.number(client_port(s)).number(v6 ? s.host6.asn : s.host.asn).text(s.country.text()).none(2);
  if (!v6 && s.key % 3 == 0) {
    c.written([&](std::string& out) { host_name(out, s.host.value); });
  } else {
    c.none();
  }
  c.number(517311).text(s.key % 2 == 0 ? telecom : ""sv).none(3).text(severity);
  if (v6) {
    c.written([&](std::string& out) {
      ip::append(out, Ip::from_halves(0x20010db800510000, 1 + s.key % 6));
    });
    c.number(s.far_port).none(2);
  } else {
    c.address(s.far.value).number(s.far_port).number(s.far.asn).text(s.far_country.text());
  }
  c.none(5).text("made-up").text(s.family).text(s.family).none().text(application).none(2);
}

struct Service {
  std::string_view tag, vendor, transport;
  std::uint16_t port;
};
constexpr std::array<Service, 6> plants = {{{"modbus", "Schneider Electric", "tcp", 502},
                                            {"s7", "Siemens", "tcp", 102},
                                            {"bacnet", "Tridium", "udp", 47808},
                                            {"ethernet-ip", "Rockwell Automation", "tcp", 44818},
                                            {"dnp3", "SEL", "tcp", 20000},
                                            {"modbus", "WAGO", "tcp", 502}}};

void scan_columns(Columns& c, const Sight& s, std::string_view severity, std::string_view transport,
                  std::uint16_t port, std::string_view tag) {
  c.time(s).text(severity).address(s.host.value).text(transport).number(port).none().text(tag);
  c.number(s.host.asn).text(s.country.text()).none(2).number(517311).none().text(telecom);
}

void fingerprint(std::string& out, std::uint64_t key, int octets) {
  constexpr auto digits = "0123456789ABCDEF"sv;
  for (int i = 0; i < octets; ++i) {
    if (i > 0) out += ':';
    std::uint64_t octet = draw(key, static_cast<std::uint64_t>(i)) & 255;
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
}

void honeypot_row(std::string& out, Way way, const Sight& s) {
  Columns c(out);
  if (way == Way::ics_attack) {
    event_columns(c, s, false, "critical", "modbus");
    c.text("start").text("sensor-7").number(1).number(43).text("2b0e0100").none();
    return;
  }
  event_columns(c, s, false, "critical", s.far_port == 22 ? "ssh" : "telnet");
  auto stamp = [&](std::string& o) {
    append_time(o, s, 'T');
    o += ".521730Z";
  };
  c.none().written(stamp).written(stamp).text("SSH-2.0-Go").text("root").text("123456");
  c.none(2 + 9);
}

void scan_row(std::string& out, Way way, const Sight& s) {
  Columns c(out);
  switch (way) {
    case Way::ics: {
      const Service& plant = plants[s.key % plants.size()];
      scan_columns(c, s, "high", plant.transport, plant.port, plant.tag);
      c.text(plant.vendor).text("plc").none(2).text("industrial").none();
      c.number(60 + s.key % 200).text("AAAAAAAFAQ==");
      return;
    }
    case Way::rdp:
      scan_columns(c, s, "high", "tcp", 3389, "rdp");
      c.text("rdp").text("RDP").number(744);
      c.written([&](std::string& o) {
        fmt::format_to(std::back_inserter(o), "PC-{:06X}", s.key & 0xffffff);
      });
      c.written([&](std::string& o) {
        fmt::format_to(std::back_inserter(o), "PC-{:06X}", s.key & 0xffffff);
      });
      c.text("2024-04-29 02:22:06").text("2026-10-29 02:22:06");
      c.written([&](std::string& o) { fingerprint(o, s.key, 20); });
      c.none().number(2).text("sha256WithRSAEncryption").text("rsaEncryption");
      c.written([&](std::string& o) { fingerprint(o, s.key ^ 1, 32); });
      c.none(5);
      return;
    case Way::website: {
      scan_columns(c, s, "critical", "tcp", s.key % 4 == 0 ? 80 : 443, "injected-js;wordpress");
      std::string name = site_name(s.key);
      c.text(s.key % 4 == 0 ? "http" : "https").text("/").text(name).text("malware").none(2);
      c.text("Apache").none(2).none().text("compromised").none(2).text("made-up");
      return;
    }
    default:
      scan_columns(c, s, "high", "tcp", s.key % 9 == 0 ? 2323 : 23, "telnet");
      c.text("|login:|");
      return;
  }
}

void flow_row(std::string& out, const Sight& s) {
  out += "{\"classification.type\":\"infected-system\",\"destination.asn\":";
  append_number(out, s.far.asn);
  out += ",\"destination.geolocation.cc\":\"";
  out += s.far_country.text();
  out += "\",\"destination.ip\":\"";
  append_address(out, s.far.value);
  out += "\",\"destination.port\":";
  append_number(out, s.far_port);
  out += ",\"malware.name\":\"";
  out += s.family;
  out +=
      "\",\"protocol.transport\":\"tcp\",\"roles.destination\":\"controller\",\"roles.source\":"
      "\"affected\",\"source.asn\":";
  append_number(out, s.host.asn);
  out += ",\"source.geolocation.cc\":\"";
  out += s.country.text();
  out += "\",\"source.ip\":\"";
  append_address(out, s.host.value);
  out += "\",\"source.port\":";
  append_number(out, client_port(s));
  out += ",\"time.source\":\"";
  append_time(out, s, 'T');
  out += "+00:00\"}";
}

void n6_row(std::string& out, Way way, const Sight& s) {
  bool listing = way == Way::n6_cnc;
  out += "{\"address\":[{\"asn\":";
  append_number(out, s.host.asn);
  out += ",\"cc\":\"";
  out += s.country.text();
  out += "\",\"ip\":\"";
  append_address(out, s.host.value);
  out += "\"}],\"category\":\"";
  out += listing ? "cnc" : "bots";
  out += "\",\"confidence\":\"high\",\"";
  out += listing ? "dport" : "sport";
  out += "\":";
  append_number(out, listing ? s.far_port : client_port(s));
  fmt::format_to(std::back_inserter(out), ",\"id\":\"{:016x}{:016x}\"", s.chance, mix(s.chance));
  out += ",\"name\":\"";
  out += s.family;
  out += "\",\"origin\":\"";
  out += listing ? "c2" : "sinkhole";
  out += "\",\"proto\":\"tcp\",\"restriction\":\"need-to-know\",\"source\":\"made.up\",\"time\":\"";
  append_time(out, s, 'T');
  out += "Z\",\"type\":\"event\"}";
}

constexpr auto words = std::to_array<std::string_view>(
    {"bakery", "clinic", "school", "hotel", "garage", "market", "parish", "museum", "studio",
     "farm", "council", "theatre", "library", "harbour", "cycling", "bank"});

// Fields of a broken row of a Shadowserver report: time first, the address third.
void dirty_event(std::string& out, Way way, std::string_view day, std::uint64_t drawn) {
  std::string_view head = header(way);
  auto columns = static_cast<int>(std::ranges::count(head, ',')) + 1;
  std::string_view address = "192.0.2.7";
  std::string time = fmt::format("{} 03:04:05", day);
  switch (drawn % 7) {
    case 0:
      address = "999.1.1.1";
      break;
    case 1:
      address = "not-an-address";
      break;
    case 2:
      address = "192.0.\0.7"sv;
      break;
    case 3:
      address = "0.0.0.0";
      break;
    case 4:
      time = "2025-02-30 12:00:00";
      break;
    case 5:
      time = "0000-00-00 00:00:00";
      break;
    default:
      columns = 2;
      break;  // cut off before the address
  }
  Columns c(out);
  bool event = head.starts_with("\"timestamp\",\"protocol\"");
  c.text(time).text(event ? "tcp" : "high");
  if (columns == 2) return;
  c.text(address);
  if (event) {
    c.number(4711).none(columns - 4);
  } else {
    c.text("tcp").number(4711).none(columns - 5);
  }
}

}  // namespace

void append_address(std::string& out, std::uint32_t address) {
  for (int shift : {24, 16, 8, 0}) {
    std::uint32_t part = address >> shift & 255;
    if (part >= 100) out += static_cast<char>('0' + part / 100);
    if (part >= 10) out += static_cast<char>('0' + part / 10 % 10);
    out += static_cast<char>('0' + part % 10);
    if (shift > 0) out += '.';
  }
}

std::string site_name(std::uint64_t site) {
  return fmt::format("{}{}-{:x}.example", site % 3 == 0 ? "www." : "", words[site % words.size()],
                     site >> 24);
}

std::string_view header(Way way) {
  // Each begins with one of the two common heads.
  static const std::array<std::string, 8> heads = {
      std::string(event_header) + ",\"ssl_cipher\",\"ssl_servername\"",
      std::string(event_header) +
          ",\"http_url\",\"http_host\",\"http_agent\",\"forwarded_by\",\"ssl_cipher\","
          "\"http_referer\",\"ssl_servername\",\"machine_name\"",
      std::string(event_header) +
          ",\"service\",\"start_time\",\"end_time\",\"client_version\",\"username\",\"password\","
          "\"payload_url\",\"payload_md5\",\"vulnerability_enum\",\"vulnerability_id\","
          "\"vulnerability_class\",\"vulnerability_score\",\"vulnerability_severity\","
          "\"vulnerability_version\",\"target_vendor\",\"target_product\",\"target_class\"",
      std::string(event_header) +
          ",\"state\",\"sensor_id\",\"slave_id\",\"function_code\",\"request\",\"response\"",
      std::string(scan_header) +
          ",\"device_vendor\",\"device_type\",\"device_model\",\"device_version\","
          "\"device_sector\",\"device_id\",\"response_size\",\"raw_response\"",
      std::string(scan_header) +
          ",\"handshake\",\"rdp_protocol\",\"cert_length\",\"subject_common_name\","
          "\"issuer_common_name\",\"cert_issue_date\",\"cert_expiration_date\","
          "\"sha1_fingerprint\",\"cert_serial_number\",\"ssl_version\",\"signature_algorithm\","
          "\"key_algorithm\",\"sha256_fingerprint\",\"sha512_fingerprint\",\"md5_fingerprint\","
          "\"tlsv13_support\",\"tlsv13_cipher\",\"jarm\"",
      std::string(scan_header) + ",\"banner\"",
      std::string(scan_header) +
          ",\"application\",\"url\",\"http_host\",\"category\",\"system\",\"detected_since\","
          "\"server\",\"redirect_target\",\"cc_url\",\"family\",\"status\",\"account\","
          "\"detail\",\"public_source\""};
  switch (way) {
    case Way::sinkhole:
    case Way::sinkhole6:
      return heads[0];
    case Way::sinkhole_http:
      return heads[1];
    case Way::brute_force:
      return heads[2];
    case Way::ics_attack:
      return heads[3];
    case Way::ics:
      return heads[4];
    case Way::rdp:
      return heads[5];
    case Way::telnet:
      return heads[6];
    case Way::website:
      return heads[7];
    case Way::defacement:
      return "\"add_date\",\"accept_date\",\"attacker\",\"domain\",\"ip_address\",\"system\","
             "\"web_server\",\"reason\",\"hackmode\",\"image\",\"type\",\"redefacement\","
             "\"state\",\"def_grade\",\"defacement_id\",\"country_code\",\"country\"";
    case Way::flow:
    case Way::probe:
    case Way::n6_bots:
    case Way::n6_cnc:
    case Way::blocklist:
      return {};
  }
  return {};
}

void append_row(std::string& out, Way way, const Sight& s) {
  switch (way) {
    case Way::sinkhole:
    case Way::sinkhole6: {
      Columns c(out);
      event_columns(c, s, way == Way::sinkhole6, "critical", "");
      c.none(2);
      return;
    }
    case Way::sinkhole_http: {
      Columns c(out);
      event_columns(c, s, false, "critical", "http");
      c.text("/gate.php").written([&](std::string& o) {
        o += s.family;
        o += "-c2.example";
      });
      c.text("Mozilla/4.0").none(5);
      return;
    }
    case Way::brute_force:
    case Way::ics_attack:
      honeypot_row(out, way, s);
      return;
    case Way::flow:
    case Way::probe:
      flow_row(out, s);
      return;
    case Way::n6_bots:
    case Way::n6_cnc:
      n6_row(out, way, s);
      return;
    case Way::blocklist:
      append_address(out, s.host.value);
      return;
    default:
      scan_row(out, way, s);
      return;
  }
}

void append_defacement(std::string& out, const Sight& s, std::string_view site,
                       std::uint64_t page) {
  constexpr auto actors = std::to_array<std::string_view>(
      {"m4de-up", "n0body", "Team Example", "grey owl", "0x00ff", "El Ejemplo"});
  constexpr auto ways_in = std::to_array<std::string_view>(
      {"SQL Injection", "known vulnerability (i.e. unpatched system)", "File Inclusion",
       "brute force attack"});
  std::uint64_t drawn = mix(s.key);
  Columns c(out);
  c.time(s).time(s).text(actors[drawn % actors.size()]);
  c.written([&](std::string& o) {
    o += "http://";
    o += site;
    if (page > 0) fmt::format_to(std::back_inserter(o), "/p{}.html", page);
  });
  c.address(s.host.value).text(drawn % 3 == 0 ? "Win 2012" : "Linux").text("Apache");
  c.text("Heh...just for fun!").text(ways_in[(drawn >> 8) % ways_in.size()]);
  c.none().text(drawn % 4 == 0 ? "mass" : "regular").text(page > 0 ? "yes" : "no");
  c.text("published").text(page > 0 ? "secondary" : "homepage");
  c.written([&](std::string& o) { append_number(o, 10'000'000 + s.chance % 90'000'000); });
  c.text(s.country.text()).none();
}

void append_dirty(std::string& out, Way way, std::string_view day, std::uint64_t drawn) {
  switch (way) {
    case Way::flow:
    case Way::probe:
    case Way::n6_bots:
    case Way::n6_cnc: {
      constexpr auto broken = std::to_array<std::string_view>(
          {"{\"classification.type\":\"infected-system\",\"source.ip\":\"192.0.2",
           "-- end of data --", "{\"source.ip\": \"192.0.2.7\" \"time.source\": 1}", "{\0\0\0}"sv});
      out += broken[drawn % broken.size()];
      return;
    }
    case Way::blocklist:
      out += drawn % 2 == 0 ? "999.1.1.1" : "not-an-address";
      return;
    case Way::defacement: {
      Columns c(out);
      if (drawn % 3 == 0) {  // cut off before the domain
        c.text(fmt::format("{} 03:04:05", day)).text("x");
        return;
      }
      bool bad_date = drawn % 3 == 1;
      c.text(bad_date ? "2025-02-30 12:00:00" : fmt::format("{} 03:04:05", day)).none(2);
      c.text(bad_date ? "http://www.broken.example" : "").none(13);
      return;
    }
    default:
      dirty_event(out, way, day, drawn);
      return;
  }
}

}  // namespace tocsin::sim
