// Checkpoints of PyTorch, valid and not, put together by hand: no Python runs in our tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nibble::test {

/// Pieces of a pickle; each leaves one value on the stack.
namespace pickled {
std::string text(const std::string& value);
std::string number(std::int32_t value);
std::string global(const std::string& module, const std::string& name);
std::string tuple(const std::vector<std::string>& items);
std::string list(const std::vector<std::string>& items);
std::string call(const std::string& callee, const std::vector<std::string>& arguments);
/// Of an empty dictionary, one with these entries.
std::string filled(const std::string& dictionary,
                   const std::vector<std::pair<std::string, std::string>>& entries);
std::string dict(const std::vector<std::pair<std::string, std::string>>& entries);
std::string ordered_dict(const std::vector<std::pair<std::string, std::string>>& entries);
std::string storage(const std::string& type, const std::string& key, std::int32_t numbers);
std::string tensor(const std::string& storage, std::int32_t offset, const std::vector<std::int32_t>& shape,
                   const std::vector<std::int32_t>& strides);
}  // namespace pickled

/// One value as a whole pickle of protocol 2.
std::string pickle_of(const std::string& value);

struct StorageBytes {
    std::string key;
    std::uint64_t numbers;
    std::string bytes;
};
template <class Number>
StorageBytes storage_of(const std::string& key, const std::vector<Number>& numbers) {
    return {key, numbers.size(),
            std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number))};
}

/// As torch.save() wrote before PyTorch 1.6.
std::string legacy_checkpoint(const std::string& saved, const std::vector<StorageBytes>& storages);

struct ZipEntry {
    std::string name, content;
    std::uint16_t method = 0;  ///< 0: stored; another one is only claimed
    int same_as = -1;          ///< the place of an earlier entry, whose bytes the directory gives this one
};
std::string zip_of(const std::vector<ZipEntry>& entries);
/// As torch.save() writes since.
std::string zip_checkpoint(const std::string& saved, const std::vector<StorageBytes>& storages);

}  // namespace nibble::test
