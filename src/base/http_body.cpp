#include "base/http_body.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/text.h"

namespace tocsin::http {

Body::~Body() {
  if (file_ >= 0) ::close(file_);
  if (!path_.empty()) ::unlink(path_.c_str());  // unless the handler has moved it
}

Result<void> Body::spill(const std::string& folder) {
  if (file_ < 0) {
    path_ = folder + "/upload-XXXXXX";
    file_ = ::mkostemp(path_.data(), O_CLOEXEC);
    if (file_ < 0) {
      std::string why = strerror(errno);
      path_.clear();
      return unavailable("cannot write to " + text::quote(folder) + ": " + why);
    }
  }
  for (std::string_view rest = memory; !rest.empty();) {
    ssize_t n = ::write(file_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return unavailable("cannot keep the body: " + std::string(strerror(errno)));
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  memory.clear();
  return {};
}
}  // namespace tocsin::http
