#include "engine/core/digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "engine/core/error.hpp"

namespace nibble {

struct Digest::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() {
        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
            throw Unsupported("OpenSSL offers no SHA-256 on this machine");
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Digest::Digest() : state_(std::make_unique<State>()) {}
Digest::~Digest() = default;

Digest& Digest::add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
    return *this;
}

Digest& Digest::add(std::string_view text) {
    return add(std::as_bytes(std::span(text)));
}

std::string Digest::hex() {
    std::array<unsigned char, 32> raw{};
    EVP_DigestFinal_ex(state_->context, raw.data(), nullptr);
    std::string out;
    for (unsigned char byte : raw) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

std::string digest_of(std::string_view text) {
    return Digest().add(text).hex();
}

}  // namespace nibble
