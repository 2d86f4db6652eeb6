// Large tables that are read at random spend their time in the translation of addresses: 2 MiB
// pages make that rare. Linux; "madvise" or "always" in /sys/kernel/mm/transparent_hugepage.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin {

// `count` values of T{} in huge pages where the kernel has them.
template <class T>
std::vector<T> huge_vector(std::size_t count) {
  std::vector<T> values;
  values.reserve(count);
  constexpr std::uintptr_t page = 4096;
  auto begin = (reinterpret_cast<std::uintptr_t>(values.data()) + page - 1) & ~(page - 1);
  auto end = reinterpret_cast<std::uintptr_t>(values.data() + count) & ~(page - 1);
  if (end > begin + (std::size_t{4} << 20)) {
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // advice: may fail
  }
  values.resize(count);
  return values;
}

}  // namespace tocsin
