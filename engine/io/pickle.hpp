// Python's pickles, read as data: nothing is imported, called or built.
//
// A pickle is a program for a stack machine. This reader knows the instructions that PyTorch's files need
// (protocols 2 to 5; Python's pickletools.py describes them) and refuses the others. A global, say
// torch._utils._rebuild_tensor_v2, stays a name, and calling it gives a value that says so.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nibble {

struct PickleValue {
    enum class Kind {
        none,
        boolean,  ///< `integer` is 0 or 1
        integer,
        large_integer,  ///< beyond 64 bits; its value is not kept
        real,
        text,  ///< or bytes
        tuple,
        list,
        set,
        dict,    ///< key, value, key, value, ...; of equal keys the last counts
        global,  ///< `text` is its name, "collections.OrderedDict"
        call,  ///< of the global `text` with `arguments`; `items` as of a dict or list: what was added to it
        persistent  ///< what lies outside the pickle; `arguments` identify it
    };
    using Items = std::vector<const PickleValue*>;

    Kind kind = Kind::none;
    std::int64_t integer = 0;
    double real = 0;
    std::string text;
    Items items;      ///< they may form cycles
    Items arguments;  ///< of a call, of the tuple of a persistent value

    bool is_call_of(std::string_view name) const { return kind == Kind::call && text == name; }
    bool is_text(std::string_view expected) const { return kind == Kind::text && text == expected; }
};

class Pickle {
  public:
    /// Reads a pickle from the front of `bytes`. Throws BadInput for a malformed one, for one of more than a
    /// million instructions, and for a global that is not in `globals`, naming it; `where` begins messages.
    Pickle(std::string_view bytes, const std::set<std::string_view>& globals, const std::string& where);

    Pickle(Pickle&&) = default;
    Pickle(const Pickle&) = delete;  // values refer to each other

    const PickleValue& root() const { return *root_; }
    const std::deque<PickleValue>& values() const { return values_; }
    std::size_t bytes() const { return bytes_; }  ///< that it took; others may follow

  private:
    std::deque<PickleValue> values_;  // every value refers to others here, so no destructor recurses
    const PickleValue* root_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace nibble
