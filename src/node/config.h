// Config: the node's one file, TOML. Every key has a default; an error names file, line, key and
// what is valid.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alert/settings.h"
#include "base/ip.h"
#include "base/result.h"
#include "ingest/feed.h"
#include "model/country.h"
#include "model/taxonomy.h"
#include "node/sign_in_config.h"
#include "share/pushes.h"

namespace tocsin::node {

struct Config {
  std::string path;  // "": defaults
  // [node]
  std::string name = "This node", host = "localhost";
  std::string contact, proxy, ca_file;  // for feeds that do not say their own
  Country country;
  bool simulated = false;
  // [server]
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8420;
  std::string certificate_file, key_file;
  bool client_certificates = false;  // TLS clients are asked for one: partners' nodes have some
  std::vector<std::string> host_names;
  // [store]
  unsigned columns_memory_mb = 512, columns_threads = 1;
  unsigned counts_memory_mb = 256, counts_threads = 2, duplicates_memory_mb = 192;
  // [retention]
  unsigned events_months = 14, exact_counts_months = 14, audit_months = 24;
  struct RetentionRule {
    std::vector<Type> types;  // empty: all
    std::vector<Tlp> tlps;    // empty: all
    unsigned months = 0;
  };
  std::vector<RetentionRule> retention_rules;  // [[retention.rule]]
  bool mask_erased = false;                    // [law] erased: "drop" or "mask"
  // [raw]: the bytes of reports, kept to be read anew
  unsigned raw_days = 30, raw_size_max_mb = 256, raw_disk_max_mb = 20480;
  SignInConfig sign_in;  // [people], [proxy], [oidc]
  // [enrich]: passed on as it is
  std::map<std::string, std::string, std::less<>> enrich;
  // [policy]
  std::vector<Network> sensors;
  alert::Settings alert;  // [alert]
  // [share]
  std::string member, member_url;   // who this node is in the network; "": a member of none
  std::uint32_t offered_days = 30;  // how long members may still fetch what came in
  unsigned misp_days = 7;           // that a MISP feed holds
  bool share_private = false;       // partners' nodes may have private addresses
  std::vector<share::Push> pushes;  // [push.NAME]
  // [feed.NAME]
  std::vector<ingest::Feed> feeds;
};

// Reads a configuration of the node in `home`, where feeds find what they have no option for.
// Errors: missing; invalid, all of them in one text, a line each.
Result<Config> read_config(const std::string& path, const std::string& home);
Result<Config> parse_config(std::string_view toml, const std::string& path,
                            const std::string& home);

// A commented configuration to start from.
std::string config_template();

}  // namespace tocsin::node
