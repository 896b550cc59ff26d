#include "engine/io/pickle.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "engine/core/error.hpp"
#include "engine/io/stored_tensor.hpp"

namespace nibble {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostInstructions = 1'000'000;  // a tensor takes 50; a value has about 100 bytes

/// The stack machine. Each instruction makes one value at most, and what it puts into others leaves the stack.
class Machine {
  public:
    Machine(std::string_view bytes, const std::set<std::string_view>& globals, const std::string& where,
            std::deque<PickleValue>& values)
        : bytes_(bytes), globals_(globals), where_(where), values_(values) {}

    const PickleValue* run() {
        for (std::size_t n = 0; n < kMostInstructions; ++n) {
            instruction_ = at_;
            const auto code = static_cast<char>(number<std::uint8_t>());
            if (code == '.') return pop();
            if (!try_constant(code) && !try_stack(code) && !try_container(code) && !try_object(code))
                fail("instruction " + std::to_string(static_cast<unsigned char>(code)) +
                     " has no place in a file of weights");
        }
        fail("more than " + std::to_string(kMostInstructions) + " instructions");
    }
    std::size_t at() const { return at_; }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw BadInput(where_ + ": pickle, at byte " + std::to_string(instruction_) + ": " + what);
    }

    // ---- the bytes

    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - at_) fail("truncated");
        const std::string_view taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }
    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string_view line() {
        const std::size_t end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) fail("truncated");
        const std::string_view taken = take(end - at_);
        ++at_;
        return taken;
    }

    // ---- the stack

    PickleValue& push(Kind kind) {
        PickleValue& value = values_.emplace_back();
        value.kind = kind;
        stack_.push_back(&value);
        return value;
    }
    bool push_integer(std::int64_t value, Kind kind = Kind::integer) {
        push(kind).integer = value;
        return true;
    }
    bool push_text(std::string_view text) {
        push(Kind::text).text = text;
        return true;
    }
    /// Two's complement, little-endian.
    bool push_long(std::string_view digits) {
        std::int64_t value = !digits.empty() && digits.back() < 0 ? -1 : 0;
        if (digits.size() > sizeof value) {
            push(Kind::large_integer);
            return true;
        }
        std::memcpy(&value, digits.data(), digits.size());
        return push_integer(value);
    }
    PickleValue& top() {
        if (stack_.size() <= floor()) fail("takes from an empty stack");
        return *stack_.back();
    }
    PickleValue* pop() {
        PickleValue& value = top();
        stack_.pop_back();
        return &value;
    }
    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    /// What lies above the last mark, or the last `count` values.
    PickleValue::Items pop_items() {
        if (marks_.empty()) fail("no mark");
        const std::size_t begin = marks_.back();
        marks_.pop_back();
        return pop_from(begin);
    }
    PickleValue::Items pop_items(std::size_t count) {
        if (stack_.size() - floor() < count) fail("takes from an empty stack");
        return pop_from(stack_.size() - count);
    }
    PickleValue::Items pop_from(std::size_t begin) {
        const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(begin);
        PickleValue::Items items(first, stack_.end());
        stack_.erase(first, stack_.end());
        return items;
    }
    bool push_tuple(PickleValue::Items items) {
        push(Kind::tuple).items = std::move(items);
        return true;
    }
    /// To the container on top of the stack; to a call, as to an OrderedDict, anything may be added.
    bool add(Kind kind, const PickleValue::Items& added) {
        PickleValue& container = top();
        if (container.kind != kind && container.kind != Kind::call) fail("adds to what is no container");
        if (kind == Kind::dict && added.size() % 2 != 0) fail("a key without value");
        container.items.insert(container.items.end(), added.begin(), added.end());
        return true;
    }
    bool remember(std::uint32_t place) {
        memo_[place] = &top();
        return true;
    }
    bool recall(std::uint32_t place) {
        const auto found = memo_.find(place);
        if (found == memo_.end()) fail("recalls what was not remembered");
        stack_.push_back(found->second);
        return true;
    }

    // ---- the instructions, by kind; false for those of another kind

    bool try_constant(char code) {
        switch (code) {
            case 'N':
                push(Kind::none);
                return true;
            case '\x88':
            case '\x89':
                return push_integer(code == '\x88', Kind::boolean);
            case 'J':
                return push_integer(number<std::int32_t>());
            case 'K':
                return push_integer(number<std::uint8_t>());
            case 'M':
                return push_integer(number<std::uint16_t>());
            case '\x8a':
                return push_long(take(number<std::uint8_t>()));
            case 'G':
                push(Kind::real).real =
                    std::bit_cast<double>(__builtin_bswap64(number<std::uint64_t>()));  // big-endian
                return true;
            case 'U':     // SHORT_BINSTRING
            case 'C':     // SHORT_BINBYTES
            case '\x8c':  // SHORT_BINUNICODE
                return push_text(take(number<std::uint8_t>()));
            case 'T':  // BINSTRING
            case 'B':  // BINBYTES
            case 'X':  // BINUNICODE
                return push_text(take(number<std::uint32_t>()));
            case '\x8d':  // BINUNICODE8
            case '\x8e':  // BINBYTES8
            case '\x96':  // BYTEARRAY8
                return push_text(take(number<std::uint64_t>()));
            default:
                return false;
        }
    }

    bool try_stack(char code) {
        switch (code) {
            case '\x80':  // PROTO
                number<std::uint8_t>();
                return true;
            case '\x95':  // FRAME
                number<std::uint64_t>();
                return true;
            case '(':
                marks_.push_back(stack_.size());
                return true;
            case '0':
                pop();
                return true;
            case '1':
                pop_items();
                return true;
            case 'q':
                return remember(number<std::uint8_t>());
            case 'r':
                return remember(number<std::uint32_t>());
            case '\x94':
                return remember(static_cast<std::uint32_t>(memo_.size()));
            case 'h':
                return recall(number<std::uint8_t>());
            case 'j':
                return recall(number<std::uint32_t>());
            default:
                return false;
        }
    }

    bool try_container(char code) {
        switch (code) {
            case ')':
                return push_tuple({});
            case '\x85':
            case '\x86':
            case '\x87':
                return push_tuple(pop_items(static_cast<std::size_t>(code - '\x84')));
            case 't':
                return push_tuple(pop_items());
            case ']':
                push(Kind::list);
                return true;
            case '}':
                push(Kind::dict);
                return true;
            case '\x8f':
                push(Kind::set);
                return true;
            case 'a':
                return add(Kind::list, {pop()});
            case 'e':
                return add(Kind::list, pop_items());
            case '\x90':
                return add(Kind::set, pop_items());
            case 's':
                return add(Kind::dict, pop_items(2));
            case 'u':
                return add(Kind::dict, pop_items());
            default:
                return false;
        }
    }

    bool try_object(char code) {
        switch (code) {
            case 'c': {
                const std::string module(line());
                return push_global(module, std::string(line()));
            }
            case '\x93': {  // STACK_GLOBAL
                const PickleValue *name = pop(), *module = pop();
                if (name->kind != Kind::text || module->kind != Kind::text) fail("a global without name");
                return push_global(module->text, name->text);
            }
            case 'R':       // REDUCE
            case '\x81': {  // NEWOBJ
                const PickleValue *arguments = pop(), *callee = pop();
                if (arguments->kind != Kind::tuple || callee->kind != Kind::global)
                    fail("calls what is no global");
                PickleValue& call = push(Kind::call);
                call.text = callee->text;
                call.arguments = arguments->items;
                spend(call.arguments.size());
                return true;
            }
            case 'b':  // BUILD: sets attributes; no value that is used here has any
                pop();
                if (top().kind != Kind::call) fail("sets attributes of what has none");
                return true;
            case 'Q': {  // BINPERSID
                const PickleValue* id = pop();
                if (id->kind != Kind::tuple) fail("refers to something outside by no tuple");
                PickleValue& value = push(Kind::persistent);
                value.arguments = id->items;
                spend(value.arguments.size());
                return true;
            }
            default:
                return false;
        }
    }

    bool push_global(const std::string& module, const std::string& name) {
        const std::string full = module + "." + name;
        if (!globals_.contains(full))
            throw BadInput(where_ + ": global " + quoted(full) +
                           " is no tensor and no plain value: refused, nothing was executed; save the "
                           "model's state_dict() alone");
        push(Kind::global).text = full;
        return true;
    }

    /// Arguments are copied, and a tuple can be recalled for many calls.
    void spend(std::size_t copies) {
        copied_ += copies;
        if (copied_ > kMostInstructions) fail("too many arguments");
    }

    std::string_view bytes_;
    const std::set<std::string_view>& globals_;
    const std::string& where_;
    std::deque<PickleValue>& values_;
    std::size_t at_ = 0, instruction_ = 0, copied_ = 0;
    std::vector<PickleValue*> stack_;
    std::vector<std::size_t> marks_;  // sizes of the stack
    std::unordered_map<std::uint32_t, PickleValue*> memo_;
};

}  // namespace

Pickle::Pickle(std::string_view bytes, const std::set<std::string_view>& globals, const std::string& where) {
    Machine machine(bytes, globals, where, values_);
    root_ = machine.run();
    bytes_ = machine.at();
}

}  // namespace nibble
