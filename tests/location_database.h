// A location database of libloc's own making, of now: one network and its country.
#pragma once

#include <cstdio>
#include <string>
extern "C" {
#include <libloc/writer.h>
}

#include "test.h"

namespace tocsin::test {

inline void write_location_database(const std::string& path, const char* network,
                                    const char* country) {
  loc_ctx* context = nullptr;
  REQUIRE(loc_new(&context) == 0);
  loc_writer* writer = nullptr;
  REQUIRE(loc_writer_new(context, &writer, nullptr, nullptr) == 0);
  loc_network* entry = nullptr;
  REQUIRE(loc_writer_add_network(writer, &entry, network) == 0);
  loc_network_set_country_code(entry, country);
  loc_network_unref(entry);
  std::FILE* file = std::fopen(path.c_str(), "w+");
  REQUIRE(file != nullptr);
  REQUIRE(loc_writer_write(writer, file, LOC_DATABASE_VERSION_1) == 0);
  std::fclose(file);
  loc_writer_unref(writer);
  loc_unref(context);
}

}  // namespace tocsin::test
