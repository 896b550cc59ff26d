#include "engine/io/tensor_file.hpp"

#include <set>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/io/pytorch.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

constexpr JsonLimits kIndexLimits{3, 4'000'000};  // as of a safetensors header

/// A text; a safetensors file may begin with the same byte, but then with the zeros of a length.
bool is_index(std::string_view file) {
    return file.starts_with('{') && file.substr(0, 8).find('\0') == std::string_view::npos;
}

/// Throws BadInput for the name of anything but a file in the index's folder.
fs::path shard_path(const fs::path& index, const std::string& name) {
    const bool plain = !name.empty() && name != "." && name != ".." &&
                       name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
    if (!plain)
        throw BadInput(index.string() + ": weight_map", "shard", "the name of a file beside the index",
                       quoted(name));
    return index.parent_path() / name;
}

Safetensors read_shards(std::string_view text, const fs::path& path) {
    const std::string where = path.string();
    const Json index = parse_json(text, where, kIndexLimits);
    const auto map = index.find("weight_map");
    if (map == index.end() || !map->is_object() || map->empty())
        throw BadInput(where + ": JSON, but no index of a safetensors file: no weight_map");
    std::map<std::string, std::set<std::string>> shards;  // names of tensors
    for (const auto& [name, shard] : map->items()) {
        if (!shard.is_string()) throw BadInput(where + ": weight_map: a shard must be a text");
        shards[shard.get<std::string>()].insert(name);
    }
    Safetensors contents;
    for (const auto& [shard, names] : shards) {
        const fs::path file = shard_path(path, shard);
        Safetensors part = read_safetensors(file);
        for (const std::string& name : names)
            if (!part.tensors.contains(name))
                throw BadInput(file.string() + ": has no tensor " + quoted(name) + ", though " + where +
                               " says so");
        for (auto& [name, tensor] : part.tensors)
            if (names.contains(name)) contents.tensors.emplace(name, std::move(tensor));
        contents.metadata.merge(part.metadata);
    }
    return contents;
}

}  // namespace

Safetensors read_tensors(const fs::path& path) {
    const std::string file = read_file(path, kLargestTensorFile);
    if (is_pytorch(file)) return {pytorch_from(file, path.string()), {}};
    if (is_index(file)) return read_shards(file, path);
    if (is_safetensors(file)) return safetensors_from(file, path.string());
    throw BadInput(
        path.string() +
        ": neither a safetensors file, nor the index of one in shards, nor a checkpoint of PyTorch");
}

}  // namespace nibble
