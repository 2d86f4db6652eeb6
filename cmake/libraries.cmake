# The libraries of ARCHITECTURE.md (D14), as one interface target `libraries`, and the warnings of our own code.
set(TOCSIN_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-psabi -Werror
  -Wno-missing-field-initializers)  # designated initialisers name what differs from the default
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 sees overflows in std::string that are not there (GCC bugs 105329, 105651).
  list(APPEND TOCSIN_WARNINGS -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
else()
  # clang's -Wconversion asks for more than g++'s, and warns of what libstdc++ 12 uses inside std::stable_sort.
  list(APPEND TOCSIN_WARNINGS -Wno-sign-conversion -Wno-deprecated-declarations)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
find_package(spdlog REQUIRED)
pkg_check_modules(found REQUIRED IMPORTED_TARGET
  sqlite3 simdjson pugixml gumbo gmime-3.0 gpgme zlib libzstd libzip yaml-0.1 libpsl libidn2 libmaxminddb libxxhash libsodium re2 tomlplusplus)
# No pkg-config file in Debian 12: CRoaring, libloc's is named libloc.
find_path(roaring_include roaring/roaring.h REQUIRED)
find_library(roaring_library roaring REQUIRED)
find_path(loc_include libloc/libloc.h REQUIRED)
find_library(loc_library loc REQUIRED)

# DuckDB: the C header of npm's duckdb and the library of its Node bindings, fetched by tools/deps.sh.
set(TOCSIN_DEPS ${CMAKE_SOURCE_DIR}/build/deps/node_modules CACHE PATH "where tools/deps.sh put the npm packages")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(duckdb_arch arm64)
else()
  set(duckdb_arch x64)
endif()
find_path(duckdb_include duckdb.h PATHS ${TOCSIN_DEPS}/duckdb/src/duckdb/src/include NO_DEFAULT_PATH REQUIRED)
find_library(duckdb_library duckdb PATHS ${TOCSIN_DEPS}/@duckdb/node-bindings-linux-${duckdb_arch} NO_DEFAULT_PATH REQUIRED)
get_filename_component(TOCSIN_DUCKDB_DIR ${duckdb_library} DIRECTORY)

add_library(libraries INTERFACE)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # Boost 1.74 looks for clang's experimental coroutines, which clang 17 dropped for those of C++20.
  target_compile_definitions(libraries INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
endif()
target_include_directories(libraries SYSTEM INTERFACE ${roaring_include} ${loc_include} ${duckdb_include})
target_link_libraries(libraries INTERFACE fmt::fmt spdlog::spdlog OpenSSL::SSL OpenSSL::Crypto CURL::libcurl Boost::headers
  PkgConfig::found ${roaring_library} ${loc_library} ${duckdb_library} Threads::Threads)
target_compile_definitions(libraries INTERFACE SPDLOG_FMT_EXTERNAL)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/tocsin")

find_program(ccache ccache)
if(ccache)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache})
endif()
find_program(mold mold)
if(mold)
  add_link_options(-fuse-ld=mold)
endif()
