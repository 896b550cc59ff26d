#include "tests/helpers/checkpoint_file.hpp"

namespace nibble::test {
namespace {

template <class Number>
std::string bytes_of(Number value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string joined(const std::vector<std::string>& items) {
    std::string all;
    for (const std::string& item : items) all += item;
    return all;
}

std::string numbers(const std::vector<std::int32_t>& values) {
    std::vector<std::string> items;
    for (const std::int32_t value : values) items.push_back(pickled::number(value));
    return pickled::tuple(items);
}

std::uint32_t crc_of(const std::string& content) {
    std::uint32_t crc = ~0u;
    for (const char c : content) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/// What the header before an entry and its line in the directory have in common.
std::string zip_fields(const ZipEntry& entry, const std::string& content) {
    const auto size = bytes_of(static_cast<std::uint32_t>(content.size()));
    return bytes_of<std::uint16_t>(20) + bytes_of<std::uint16_t>(0) + bytes_of(entry.method) +
           bytes_of<std::uint32_t>(0x00210000) + bytes_of(crc_of(content)) + size + size +
           bytes_of(static_cast<std::uint16_t>(entry.name.size())) + bytes_of<std::uint16_t>(0);
}

}  // namespace

namespace pickled {

std::string text(const std::string& value) {
    return "X" + bytes_of(static_cast<std::uint32_t>(value.size())) + value;
}
std::string number(std::int32_t value) {
    return "J" + bytes_of(value);
}
std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
std::string tuple(const std::vector<std::string>& items) {
    return "(" + joined(items) + "t";
}
std::string list(const std::vector<std::string>& items) {
    return "](" + joined(items) + "e";
}
std::string call(const std::string& callee, const std::vector<std::string>& arguments) {
    return callee + tuple(arguments) + "R";
}
std::string filled(const std::string& dictionary,
                   const std::vector<std::pair<std::string, std::string>>& entries) {
    std::string all = dictionary + "(";
    for (const auto& [key, value] : entries) all += text(key) + value;
    return all + "u";
}
std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
    return filled("}", entries);
}
std::string ordered_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
    return filled(call(global("collections", "OrderedDict"), {}), entries);
}
std::string storage(const std::string& type, const std::string& key, std::int32_t count) {
    return tuple({text("storage"), global("torch", type), text(key), text("cuda:0"), number(count)}) + "Q";
}
std::string tensor(const std::string& storage, std::int32_t offset, const std::vector<std::int32_t>& shape,
                   const std::vector<std::int32_t>& strides) {
    return call(global("torch._utils", "_rebuild_tensor_v2"),
                {storage, number(offset), numbers(shape), numbers(strides), "\x89", ordered_dict({})});
}

}  // namespace pickled

std::string pickle_of(const std::string& value) {
    return "\x80\x02" + value + ".";
}

std::string legacy_checkpoint(const std::string& saved, const std::vector<StorageBytes>& storages) {
    std::vector<std::string> keys;
    std::string data;
    for (const StorageBytes& storage : storages) {
        keys.push_back(pickled::text(storage.key));
        data += bytes_of(storage.numbers) + storage.bytes;
    }
    return pickle_of(std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12)) +
           pickle_of(pickled::number(1001)) + pickle_of(pickled::dict({{"little_endian", "\x88"}})) +
           pickle_of(saved) + pickle_of(pickled::list(keys)) + data;
}

std::string zip_of(const std::vector<ZipEntry>& entries) {
    std::string file, directory;
    std::vector<std::uint32_t> places;
    for (const ZipEntry& entry : entries) {
        const bool own = entry.same_as < 0;
        const auto earlier = static_cast<std::size_t>(own ? 0 : entry.same_as);
        const std::string& content = own ? entry.content : entries[earlier].content;
        places.push_back(own ? static_cast<std::uint32_t>(file.size()) : places[earlier]);
        const std::string fields = zip_fields(entry, content);
        if (own) file += "PK\x03\x04" + fields + entry.name + content;
        directory += "PK\x01\x02" + bytes_of<std::uint16_t>(20) + fields + std::string(10, '\0') +
                     bytes_of(places.back()) + entry.name;
    }
    const auto count = bytes_of(static_cast<std::uint16_t>(entries.size()));
    return file + directory + "PK\x05\x06" + std::string(4, '\0') + count + count +
           bytes_of(static_cast<std::uint32_t>(directory.size())) +
           bytes_of(static_cast<std::uint32_t>(file.size())) + std::string(2, '\0');
}

std::string zip_checkpoint(const std::string& saved, const std::vector<StorageBytes>& storages) {
    std::vector<ZipEntry> entries{{"archive/data.pkl", pickle_of(saved)}};
    for (const StorageBytes& storage : storages)
        entries.push_back({"archive/data/" + storage.key, storage.bytes});
    entries.push_back({"archive/byteorder", "little"});
    entries.push_back({"archive/version", "3\n"});
    return zip_of(entries);
}

}  // namespace nibble::test
