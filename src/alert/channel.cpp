#include "alert/channel.h"

namespace tocsin::alert {

const Entry<Channel>* channel_for(std::string_view contact) {
  for (const auto& entry : channels()) {
    if (entry.plugin.takes(contact)) return &entry;
  }
  return nullptr;
}

}  // namespace tocsin::alert
