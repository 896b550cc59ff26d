// Content digests: SHA-256 of bytes, written as 64 hexadecimal digits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nibble {

/// Incremental SHA-256. Feed anything trivially copyable; integers are fed in the machine's (little-endian)
/// order.
class Digest {
  public:
    Digest();
    ~Digest();

    Digest& add(std::span<const std::byte> bytes);
    Digest& add(std::string_view text);
    template <class T>
    Digest& add(std::span<const T> values) {
        return add(std::as_bytes(values));
    }
    /// The digest of everything fed so far; the object cannot be fed afterwards.
    std::string hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string digest_of(std::string_view text);

}  // namespace nibble
