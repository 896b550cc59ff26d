// Memory for activations, gradients and operands: aligned for vector loads, contents undefined.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace nibble {

class Buffer {
  public:
    /// At least `bytes` bytes at data(). Growing loses the contents. Throws std::bad_alloc.
    std::byte* reserve(std::size_t bytes);
    template <class T>
    T* reserve_as(std::size_t count) {
        return reinterpret_cast<T*>(reserve(count * sizeof(T)));
    }
    std::byte* data() const { return data_.get(); }

  private:
    struct Free {
        void operator()(std::byte* p) const { std::free(p); }
    };
    std::unique_ptr<std::byte, Free> data_;
    std::size_t size_ = 0;
};

}  // namespace nibble
