#include "base/unpack.h"

#include <zip.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>

#include "base/charset.h"
#include "test.h"

namespace tocsin {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "tocsin-unpack-XXXXXX";
  Folder() {
    std::string name = path.string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string put(const std::string& name, std::string_view bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return (path / name).string();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }
};

std::string content(const Unpacked& file) {
  std::ifstream in(file.path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  return bytes.substr(file.skip);
}

std::string zip(const Folder& folder, const std::vector<std::pair<std::string, std::string>>& files,
                const char* password = nullptr) {
  std::string path = (folder.path / "made.zip").string();
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, text] : files) {
    auto* source = zip_source_buffer(archive, text.data(), text.size(), 0);
    auto index = zip_file_add(archive, name.c_str(), source, 0);
    if (password != nullptr) {
      zip_file_set_encryption(archive, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256, password);
    }
  }
  zip_close(archive);
  return path;
}

std::string tar(const std::string& name, std::string_view text) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, "0000644", 8);
  std::string size = "00000000000";
  for (std::size_t i = 10, n = text.size(); n > 0; n /= 8, --i) {
    size[i] = static_cast<char>('0' + n % 8);
  }
  header.replace(124, 11, size);
  header[156] = '0';
  header.replace(257, 5, "ustar");
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  std::string octal = "000000";
  for (std::size_t i = 6; i-- > 0; sum /= 8) octal[i] = static_cast<char>('0' + sum % 8);
  header.replace(148, 7, octal + std::string(1, '\0'));
  std::string out = header;
  out += text;
  out.resize((out.size() + 511) / 512 * 512);
  return out + std::string(1024, '\0');
}

}  // namespace

TEST_CASE("a plain file comes back as itself") {
  Folder folder;
  std::string path = folder.put("a.csv", "a,b\n1,2\n");
  auto files = unpack_file(path, {}, folder.path.string());
  REQUIRE(files);
  REQUIRE(files->size() == 1);
  CHECK(files->front().path == path);
  CHECK(!files->front().made);
  CHECK(folder.files() == 1);
}

TEST_CASE("packed files are unpacked, also inside each other") {
  Folder folder;
  for (const auto& [name, bytes] :
       std::vector<std::pair<std::string, std::string>>{{"a.csv.gz", gzip("a,b\n")},
                                                        {"a.csv.zst", zstd("a,b\n")},
                                                        {"a.csv.gz.gz", gzip(gzip("a,b\n"))},
                                                        {"a.tar", tar("x/a.csv", "a,b\n")},
                                                        {"a.tgz", gzip(tar("x/a.csv", "a,b\n"))},
                                                        {"two.gz", gzip("a,") + gzip("b\n")}}) {
    CAPTURE(name);
    auto files = unpack_file(folder.put(name, bytes), {}, folder.path.string());
    REQUIRE(files);
    REQUIRE(files->size() == 1);
    CHECK(content(files->front()) == "a,b\n");
    CHECK(unpack_text(bytes).value() == "a,b\n");
    CHECK(files->front().made);
  }
  auto files = unpack_file(folder.put("r.csv.gz", gzip("x")), {}, folder.path.string());
  CHECK(files.value().front().name == "r.csv");
}

TEST_CASE("a zip gives its files in order, with a password if need be") {
  Folder folder;
  std::string path = zip(folder, {{"d/a.csv", "1"}, {"b.csv.gz", gzip("2")}});
  auto files = unpack_file(path, {}, folder.path.string());
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].name == "a.csv");
  CHECK(content((*files)[0]) == "1");
  CHECK((*files)[1].name == "b.csv");
  CHECK(content((*files)[1]) == "2");

  std::string locked = zip(folder, {{"a.csv", "secret"}}, "open sesame");
  auto none = unpack_file(locked, {}, folder.path.string());
  REQUIRE(!none);
  CHECK(none.error().what == "encrypted zip, a password is needed");
  CHECK(unpack_file(locked, {}, folder.path.string(), "", "wrong").error().what ==
        "encrypted zip, wrong password");
  auto opened = unpack_file(locked, {}, folder.path.string(), "", "open sesame");
  REQUIRE(opened);
  CHECK(content(opened->front()) == "secret");
}

TEST_CASE("what is truncated or damaged is an error that says so, and leaves nothing") {
  Folder folder;
  std::string text(100'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * i % 23);
  std::string whole = gzip(text);
  auto cut = unpack_file(folder.put("cut.gz", whole.substr(0, whole.size() / 2)), {},
                         folder.path.string());
  REQUIRE(!cut);
  CHECK(cut.error().what == "truncated gzip");
  std::string packed = zstd(text);
  CHECK(unpack_text(packed.substr(0, packed.size() - 5)).error().what == "truncated zstd");
  whole[whole.size() / 2] = static_cast<char>(~whole[whole.size() / 2]);
  CHECK(unpack_text(whole).error().what.starts_with("damaged gzip"));
  CHECK(
      !unpack_file(folder.put("bad.zip", std::string("PK\3\4") + text), {}, folder.path.string()));
  CHECK(folder.files() == 2);
}

TEST_CASE("a bomb, too much, too deep and too many are refused") {
  Folder folder;
  std::string zeros(100 << 20, '\0');
  std::string bomb = gzip(zeros);
  auto refused = unpack_file(folder.put("bomb.gz", bomb), {}, folder.path.string());
  REQUIRE(!refused);
  CHECK(refused.error().what.starts_with("a bomb"));
  CHECK(unpack_text(gzip("12345"), {.bytes_max = 4}).error().what ==
        "unpacks to more than 4 bytes");
  CHECK(unpack_text(gzip(gzip(gzip("x")))).error().what == "packed more than 2 times over");
  std::string many = zip(folder, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  CHECK(unpack_file(many, {.entries_max = 2}, folder.path.string()).error().what ==
        "more than 2 files in an archive");
  CHECK(folder.files() == 2);
}

TEST_CASE("a mapped text leaves no file behind, whatever was inside") {
  Folder folder;
  std::string in = folder.path.string() + "/out";
  std::filesystem::create_directory(in);
  auto left = [&] { return std::filesystem::is_empty(in); };
  std::string plain = folder.put("a.csv",
                                 "\xef\xbb\xbf"
                                 "a,b"),
              packed = folder.put("a.gz", gzip("caf\xe9"));
  CHECK(map_text(plain, {}, in)->bytes() == "a,b");
  CHECK(map_text(folder.put("none", ""), {}, in)->bytes().empty());
  auto text = map_text(packed, {}, in);
  CHECK(left());
  CHECK(text->bytes() == "caf\u00e9");
  std::string_view rest = "192.0.2.7\n";
  CHECK(map_text([&]() -> Result<std::string_view> { return std::exchange(rest, {}); }, {}, in)
            ->bytes() == "192.0.2.7\n");
  std::string two = zip(folder, {{"a", "1"}, {"b", "2"}});
  CHECK(map_text(two, {}, in).error().what == "an archive of 2 files; one is read at a time");
  CHECK(map_text(folder.put("b.gz", gzip(std::string(1000, 'x'))), {.bytes_max = 999}, in)
            .error()
            .what == "unpacks to more than 999 bytes");
  auto lost = [] -> Result<std::string_view> { return unavailable("gone"); };
  CHECK(map_text(lost, {}, in).error().what == "gone");
  CHECK(left());
}

TEST_CASE("text comes in UTF-8") {
  using charset::to_utf8;
  CHECK(to_utf8("\xef\xbb\xbf"
                "a")
            .value() == "a");
  CHECK(to_utf8("caf\xe9").value() == "caf\u00e9");
  CHECK(to_utf8("\x80 5").value() == "\u20ac 5");
  CHECK(to_utf8(std::string_view("\xff\xfe"
                                 "a\0b\0",
                                 6))
            .value() == "ab");
  CHECK(to_utf8(std::string_view("\0a\0b\0,\0c\0\n", 10)).value() == "ab,c\n");
  CHECK(to_utf8("\xa4", "ISO-8859-15").value() == "\u20ac");
  CHECK(to_utf8("\u00e9\u00e8\xff").value() == "\u00e9\u00e8\xff");
  CHECK(to_utf8("x", "no-such-charset").error().what == "unknown charset 'no-such-charset'");
  Folder folder;
  auto files = unpack_file(folder.put("l1.csv.gz", gzip("caf\xe9")), {}, folder.path.string());
  REQUIRE(files);
  CHECK(content(files->front()) == "caf\u00e9");
  CHECK(folder.files() == 2);
}

}  // namespace tocsin
