// Named tensors from a file of any format that we read; its first bytes say which one it is, not its name.
#pragma once

#include <filesystem>

#include "engine/io/safetensors.hpp"

namespace nibble {

/// A safetensors file, a checkpoint of PyTorch (pytorch.hpp; without metadata), or the index of a safetensors
/// file in shards: {"weight_map": {"name of a tensor": "shard.safetensors"}}, the shards beside it. A file has
/// 16 GiB at most. Throws IoError, BadInput.
Safetensors read_tensors(const std::filesystem::path& path);

}  // namespace nibble
