// What fuzzers do to their inputs beside libFuzzer's own changes, which seldom get past lengths and braces.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "engine/core/json.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace nibble::fuzz {

inline std::size_t below(std::mt19937& random, std::size_t n) {
    return random() % n;
}

/// Changes the bytes as libFuzzer sees fit; they may grow a little.
template <class Container>
void mutate(Container& bytes) {
    constexpr std::size_t kGrowth = 64;
    const std::size_t size = bytes.size();
    bytes.resize(size + kGrowth);
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, size + kGrowth));
}

/// Replaces one value of a JSON text by one of `values`, removes it or copies it; other text is changed as bytes.
inline void mutate_json(std::string& text, const Json& values, std::mt19937& random) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_structured() || json.empty()) return mutate(text);
    const Json flat = json.flatten();
    const auto pointer_to = [&](std::size_t i) {
        return Json::json_pointer(std::next(flat.begin(), static_cast<std::ptrdiff_t>(i)).key());
    };
    Json::json_pointer at = pointer_to(below(random, flat.size()));
    switch (below(random, 4)) {
        case 0:
            json[at] = values[below(random, values.size())];
            break;
        case 1:
            json[at] = json.at(pointer_to(below(random, flat.size())));
            break;
        default: {
            for (std::size_t up = below(random, 3); up > 0 && !at.parent_pointer().empty(); --up)
                at = at.parent_pointer();
            Json& parent = json[at.parent_pointer()];
            if (parent.is_array() && below(random, 2)) {
                const std::size_t i = std::stoul(at.back());
                parent.insert(parent.begin() + static_cast<std::ptrdiff_t>(i), Json(parent[i]));
            } else if (parent.is_array()) {
                parent.erase(std::stoul(at.back()));
            } else {
                parent.erase(at.back());
            }
        }
    }
    text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nibble::fuzz
