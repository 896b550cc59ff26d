#include "engine/nn/units/buffer.hpp"

#include <sys/mman.h>

#include <new>

namespace nibble {

std::byte* Buffer::reserve(std::size_t bytes) {
    if (bytes <= size_) return data_.get();
    // Activations of a batch are tens of megabytes, walked from end to end: with huge pages the walk misses
    // the address translation cache 512 times less often.
    constexpr std::size_t kHugePage = std::size_t{2} << 20, kCacheLine = 64;
    const bool huge = bytes >= kHugePage;
    const std::size_t alignment = huge ? kHugePage : kCacheLine;
    const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, size)));
    size_ = data_ ? size : 0;
    if (!data_) throw std::bad_alloc();
    if (huge) madvise(data_.get(), size, MADV_HUGEPAGE);  // a wish: nothing depends on its success
    return data_.get();
}

}  // namespace nibble
