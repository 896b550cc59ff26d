#include "experiments/support/correct_images.hpp"

#include <openssl/evp.h>

#include "engine/core/error.hpp"

namespace nibble {

std::string to_base64(const CorrectImages& correct) {
    std::vector<unsigned char> bytes((correct.size() + 7) / 8, 0);
    for (std::size_t i = 0; i < correct.size(); ++i)
        if (correct[i]) bytes[i / 8] |= static_cast<unsigned char>(1 << i % 8);
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock() ends with a zero
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                    static_cast<int>(bytes.size()));
    text.pop_back();
    return text;
}

CorrectImages correct_images_from(const std::string& text, std::size_t images, const std::string& where) {
    const std::size_t expected = ((images + 7) / 8 + 2) / 3 * 4;
    if (text.size() != expected)
        throw BadInput(where, "characters", std::to_string(expected), std::to_string(text.size()));
    std::vector<unsigned char> bytes(text.size() / 4 * 3);
    const int decoded = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()));
    CorrectImages correct(images);
    for (std::size_t i = 0; i < images; ++i) correct[i] = bytes[i / 8] >> i % 8 & 1;
    if (decoded < 0 || to_base64(correct) != text)
        throw BadInput(where + ": is not base64 of a bit for each of " + std::to_string(images) + " images");
    return correct;
}

}  // namespace nibble
