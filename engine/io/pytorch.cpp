#include "engine/io/pytorch.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/io/pickle.hpp"
#include "engine/io/zip_archive.hpp"

namespace nibble {
namespace {

using Kind = PickleValue::Kind;

const std::string_view kZipMagic("PK\x03\x04", 4);
// The end of a pickle of the integer 0x1950a86a20f9469cfc6c, which stands within the first bytes of a file.
const std::string_view kLegacyMagic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13);
constexpr std::size_t kMagicWithin = 24;
constexpr std::int64_t kLegacyVersion = 1001;
constexpr std::size_t kMostDimensions = 64;  // as in PyTorch
constexpr std::uint64_t kMostSharing = 8;    // bytes of all tensors per byte of the file

const std::map<std::string_view, const char*>& storage_dtypes() {
    static const std::map<std::string_view, const char*> dtypes{
        {"torch.FloatStorage", "F32"}, {"torch.DoubleStorage", "F64"},    {"torch.HalfStorage", "F16"},
        {"torch.LongStorage", "I64"},  {"torch.BFloat16Storage", "BF16"}, {"torch.IntStorage", "I32"},
        {"torch.ShortStorage", "I16"}, {"torch.CharStorage", "I8"},       {"torch.ByteStorage", "U8"},
        {"torch.BoolStorage", "BOOL"}};
    return dtypes;
}

/// What a checkpoint may name: tensors and their parts, then what training scripts leave beside them.
const std::set<std::string_view>& known_globals() {
    static const auto names = [] {
        std::set<std::string_view> known{
            "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            // beside them
            "torch.Size", "torch.device", "torch.float16", "torch.bfloat16", "torch.float32", "torch.float64",
            "torch.int8", "torch.uint8", "torch.int16", "torch.int32", "torch.int64", "torch.bool",
            "collections.Counter", "collections.defaultdict", "argparse.Namespace", "_codecs.encode",
            "builtins.set", "builtins.dict", "builtins.list", "builtins.int", "builtins.float",
            "__builtin__.set", "__builtin__.dict", "__builtin__.list", "__builtin__.int", "__builtin__.float",
            "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
            "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"};
        for (const auto& [storage, dtype] : storage_dtypes()) known.insert(storage);
        return known;
    }();
    return names;
}

Pickle pickle_in(std::string_view bytes, const std::string& where) {
    return {bytes, known_globals(), where};
}

// ---- dictionaries

using Entries = std::map<std::string, const PickleValue*>;

/// Those with names, of a dict or an OrderedDict; Python 2 gave the latter a list of pairs as its argument.
Entries entries_of(const PickleValue& value) {
    Entries entries;
    const auto add = [&](const PickleValue::Items& items) {
        for (std::size_t i = 0; i + 1 < items.size(); i += 2)
            if (items[i]->kind == Kind::text) entries.insert_or_assign(items[i]->text, items[i + 1]);
    };
    if (value.is_call_of("collections.OrderedDict") && !value.arguments.empty())
        for (const PickleValue* pair : value.arguments[0]->items)
            if (pair->items.size() == 2) add(pair->items);
    if (value.is_call_of("collections.OrderedDict") || value.kind == Kind::dict) add(value.items);
    return entries;
}

/// The call that makes a tensor, perhaps inside one that makes a parameter; null for other values.
const PickleValue* tensor_in(const PickleValue& value) {
    const bool is_parameter = value.is_call_of("torch._utils._rebuild_parameter") ||
                              value.is_call_of("torch._utils._rebuild_parameter_with_state");
    if (is_parameter && value.arguments.empty()) return nullptr;
    const PickleValue& tensor = is_parameter ? *value.arguments[0] : value;
    const bool is_tensor = tensor.is_call_of("torch._utils._rebuild_tensor_v2") ||
                           tensor.is_call_of("torch._utils._rebuild_tensor");
    return is_tensor ? &tensor : nullptr;
}

Entries tensors_of(const PickleValue& dictionary) {
    Entries tensors;
    for (const auto& [name, value] : entries_of(dictionary))
        if (const PickleValue* tensor = tensor_in(*value)) tensors.emplace(name, tensor);
    return tensors;
}

Entries state_dict_in(const PickleValue& saved, const std::string& where) {
    const Entries around = entries_of(saved);
    for (const char* usual : {"state_dict", "model_state_dict", "model_state", "model", "net",
                              "net_state_dict", "network", "weights", "params"})
        if (const auto found = around.find(usual); found != around.end())
            if (Entries tensors = tensors_of(*found->second); !tensors.empty()) return tensors;
    if (Entries tensors = tensors_of(saved); !tensors.empty()) return tensors;
    throw BadInput(where +
                   ": holds no dictionary of tensors, neither itself nor as its state_dict, model, net, ...; "
                   "save the model's state_dict()");
}

// ---- tensors

struct Storage {
    std::string dtype, key;
    std::uint64_t numbers = 0;  ///< of the whole storage
    std::uint64_t begin = 0;    ///< of the view, where it is one
};

std::uint64_t natural(const PickleValue& value, const std::string& where) {
    if (value.kind != Kind::integer || value.integer < 0)
        throw BadInput(where + ": a size, stride or offset that is no natural number");
    return static_cast<std::uint64_t>(value.integer);
}

std::vector<std::uint64_t> naturals(const PickleValue& value, const std::string& where) {
    const PickleValue& list =
        value.is_call_of("torch.Size") && value.arguments.size() == 1 ? *value.arguments[0] : value;
    if (list.kind != Kind::tuple || list.items.size() > kMostDimensions)
        throw BadInput(where + ": sizes or strides that are no tuple of at most 64");
    std::vector<std::uint64_t> numbers;
    for (const PickleValue* item : list.items) numbers.push_back(natural(*item, where));
    return numbers;
}

/// ("storage", type, key, device, numbers), in old files also None or (key, begin, numbers) of a view.
Storage storage_of(const PickleValue& value, const std::string& where) {
    const auto& id = value.arguments;
    const bool is_storage = value.kind == Kind::persistent && id.size() >= 5 && id[0]->is_text("storage") &&
                            id[1]->kind == Kind::global && id[2]->kind == Kind::text;
    const auto dtype = storage_dtypes().find(is_storage ? id[1]->text : "");
    if (dtype == storage_dtypes().end())
        throw BadInput(where + ": refers to something outside that is no storage of numbers");
    Storage storage{dtype->second, id[2]->text, natural(*id[4], where), 0};
    if (id.size() > 5 && id[5]->items.size() == 3) storage.begin = natural(*id[5]->items[1], where);
    return storage;
}

/// The bytes of a storage.
using Storages = std::function<std::string_view(const Storage&)>;

/// Whether the last element lies inside; `count` becomes the number of elements.
bool fits(const std::vector<std::uint64_t>& shape, const std::vector<std::uint64_t>& strides,
          std::uint64_t begin, std::uint64_t numbers, std::uint64_t& count) {
    count = 1;
    std::uint64_t last = begin;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        std::uint64_t step = 0;
        if (__builtin_mul_overflow(count, shape[d], &count)) return false;
        if (shape[d] > 0 && (__builtin_mul_overflow(shape[d] - 1, strides[d], &step) ||
                             __builtin_add_overflow(last, step, &last)))
            return false;
    }
    return count == 0 || (last < numbers && count <= numbers);
}

/// The elements in the order of their indices, the last one fastest.
std::vector<std::byte> gathered(std::string_view bytes, std::size_t width, std::uint64_t begin,
                                const std::vector<std::uint64_t>& shape,
                                const std::vector<std::uint64_t>& strides, std::uint64_t count) {
    std::vector<std::byte> result(count * width);
    std::vector<std::uint64_t> index(shape.size());
    std::uint64_t at = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::memcpy(result.data() + i * width, bytes.data() + at * width, width);
        for (std::size_t d = shape.size(); d-- > 0;) {
            at += strides[d];
            if (++index[d] < shape[d]) break;
            at -= strides[d] * shape[d];
            index[d] = 0;
        }
    }
    return result;
}

/// The arguments: storage, offset, sizes, strides, and others that decide nothing.
StoredTensor read_tensor(const PickleValue& tensor, const Storages& storages, const std::string& where) {
    const auto& arguments = tensor.arguments;
    if (arguments.size() < 4) throw BadInput(where + ": a tensor without storage, offset, sizes and strides");
    const Storage storage = storage_of(*arguments[0], where);
    const auto shape = naturals(*arguments[2], where), strides = naturals(*arguments[3], where);
    std::uint64_t begin = 0, count = 0;
    const bool begins = !__builtin_add_overflow(storage.begin, natural(*arguments[1], where), &begin);
    if (shape.size() != strides.size() || !begins || !fits(shape, strides, begin, storage.numbers, count))
        throw BadInput(where + ": reaches beyond its storage of " + std::to_string(storage.numbers) +
                       " numbers");
    const std::string_view bytes = storages(storage);
    const std::size_t width = element_bytes(storage.dtype);
    if (bytes.size() / width < storage.numbers)
        throw BadInput(where, "bytes of storage " + quoted(storage.key),
                       std::to_string(storage.numbers) + " numbers", std::to_string(bytes.size() / width));
    return {storage.dtype, Shape(shape.begin(), shape.end()),
            gathered(bytes, width, begin, shape, strides, count)};
}

std::map<std::string, StoredTensor> read_tensors(const Entries& entries, const Storages& storages,
                                                 std::uint64_t file_bytes, const std::string& where) {
    std::map<std::string, StoredTensor> tensors;
    std::uint64_t left = kMostSharing * file_bytes;
    for (const auto& [name, value] : entries) {
        StoredTensor tensor = read_tensor(*value, storages, where + ": tensor " + quoted(name));
        if (tensor.bytes.size() > left)
            throw BadInput(where + ": its tensors, which share storages, are much larger than the file");
        left -= tensor.bytes.size();
        tensors.insert_or_assign(name, std::move(tensor));
    }
    return tensors;
}

// ---- the two formats

std::map<std::string, StoredTensor> from_zip(std::string_view file, const std::string& where) {
    ZipArchive archive(file, where);
    const auto names = archive.names();
    const std::string suffix = "/data.pkl";
    const auto pickled =
        std::ranges::find_if(names, [&](const std::string& name) { return name.ends_with(suffix); });
    if (pickled == names.end()) throw BadInput(where + ": a zip archive, but not of PyTorch: no data.pkl");
    const std::string folder = pickled->substr(0, pickled->size() - suffix.size() + 1);
    if (archive.contains(folder + "byteorder") && archive.entry(folder + "byteorder") != "little")
        throw BadInput(where + ": written on a big-endian machine; save it again on another one");
    const Pickle saved = pickle_in(archive.entry(*pickled), where);
    const Storages storages = [&](const Storage& s) { return archive.entry(folder + "data/" + s.key); };
    return read_tensors(state_dict_in(saved.root(), where), storages, file.size(), where);
}

/// Takes a pickle off the front.
Pickle take_pickle(std::string_view& file, const std::string& where) {
    Pickle pickle = pickle_in(file, where);
    file.remove_prefix(pickle.bytes());
    return pickle;
}

/// By key, the bytes of each storage: the number of its elements (u64), then these.
std::map<std::string, std::string_view> legacy_storages(std::string_view bytes, const Pickle& saved,
                                                        const PickleValue& keys, const std::string& where) {
    std::map<std::string, std::size_t> widths;
    for (const PickleValue& value : saved.values())
        if (value.kind == Kind::persistent) {
            const Storage storage = storage_of(value, where);
            widths[storage.key] = element_bytes(storage.dtype);
        }
    std::map<std::string, std::string_view> storages;
    for (const PickleValue* key : keys.items) {
        const auto width = widths.find(key->text);
        if (width == widths.end())
            throw BadInput(where + ": storage " + quoted(key->text) + " belongs to no tensor");
        std::uint64_t count = 0;
        if (bytes.size() < sizeof count) throw BadInput(where + ": truncated");
        std::memcpy(&count, bytes.data(), sizeof count);
        bytes.remove_prefix(sizeof count);
        if (count > bytes.size() / width->second) throw BadInput(where + ": truncated");
        storages[key->text] = bytes.substr(0, count * width->second);
        bytes.remove_prefix(count * width->second);
    }
    return storages;
}

std::map<std::string, StoredTensor> from_legacy(std::string_view file, const std::string& where) {
    std::string_view rest = file;
    take_pickle(rest, where);  // the magic number
    if (take_pickle(rest, where).root().integer != kLegacyVersion)
        throw BadInput(where + ": a checkpoint of an unknown version of PyTorch");
    const Pickle machine = take_pickle(rest, where);
    for (const auto& [name, value] : entries_of(machine.root()))
        if (name == "little_endian" && value->integer == 0)
            throw BadInput(where + ": written on a big-endian machine; save it again on another one");
    const Pickle saved = take_pickle(rest, where), keys = take_pickle(rest, where);
    const auto all = legacy_storages(rest, saved, keys.root(), where);
    const Storages storages = [&](const Storage& storage) {
        const auto found = all.find(storage.key);
        return found == all.end() ? std::string_view() : found->second;
    };
    return read_tensors(state_dict_in(saved.root(), where), storages, file.size(), where);
}

bool is_zip(std::string_view file) {
    return file.starts_with(kZipMagic);
}

}  // namespace

bool is_pytorch(std::string_view file) {
    const bool is_legacy =
        file.starts_with('\x80') && file.substr(0, kMagicWithin).find(kLegacyMagic) != std::string_view::npos;
    return is_legacy || is_zip(file);
}

std::map<std::string, StoredTensor> pytorch_from(std::string_view file, const std::string& where) {
    return is_zip(file) ? from_zip(file, where) : from_legacy(file, where);
}

}  // namespace nibble
