#include "engine/onnx/constants.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <type_traits>

#include "engine/core/error.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/shapes.hpp"

namespace nibble::onnx {

namespace {

using Operands = std::vector<const Tensor*>;
constexpr std::int64_t kLargestGrown = std::int64_t{1} << 22;  // elements

const Tensor& operand(const Operands& operands, std::size_t i) {
    if (i >= operands.size() || !operands[i]) throw BadInput("operand " + std::to_string(i) + " is missing");
    return *operands[i];
}

Tensor with_shape(Tensor tensor, Sizes shape) {
    if (elements(shape) != static_cast<std::int64_t>(tensor.size()))
        throw BadInput("constant", "elements", std::to_string(tensor.size()),
                       std::to_string(elements(shape)));
    tensor.shape = std::move(shape);
    return tensor;
}

/// A tensor of `shape` whose element at each multi-index is that of `from` at source(index).
template <class Source>
Tensor gathered(const Tensor& from, const Sizes& shape, Source source) {
    Tensor result{shape, {}, from.element};
    const std::int64_t n = elements(shape);
    // A few bytes of a hostile file could ask for gigabytes.
    if (n > std::max<std::int64_t>(static_cast<std::int64_t>(from.size()), kLargestGrown))
        throw BadInput("constant", "elements", "at most " + std::to_string(kLargestGrown), std::to_string(n));
    std::visit(
        [&](const auto& values) {
            auto list = values;
            list.clear();
            Sizes index(shape.size(), 0);
            for (std::int64_t i = 0; i < n; ++i) {
                list.push_back(values.at(static_cast<std::size_t>(source(index))));
                for (std::size_t d = shape.size(); d-- > 0;) {
                    if (++index[d] < shape[d]) break;
                    index[d] = 0;
                }
            }
            result.values = std::move(list);
        },
        from.values);
    return result;
}

/// Elements between neighbours along each axis.
Sizes strides_of(const Sizes& shape) {
    Sizes strides(shape.size(), 1);
    for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
    return strides;
}

Sizes broadcast(const Sizes& a, const Sizes& b) {
    Sizes shape(std::max(a.size(), b.size()), 1);
    for (std::size_t d = 0; d < shape.size(); ++d) {
        const auto size = [&](const Sizes& s) {
            return d < s.size() ? s[s.size() - 1 - d] : std::int64_t{1};
        };
        const std::int64_t x = size(a), y = size(b);
        if (x != y && x != 1 && y != 1)
            throw BadInput("constant", "shapes that broadcast", std::to_string(x), std::to_string(y));
        shape[shape.size() - 1 - d] = x == 1 ? y : x;
    }
    return shape;
}

Tensor expanded(const Tensor& tensor, const Sizes& shape) {
    const Sizes strides = strides_of(tensor.shape);
    const std::size_t lead = shape.size() - tensor.shape.size();
    return gathered(tensor, shape, [&](const Sizes& index) {
        std::int64_t at = 0;
        for (std::size_t d = 0; d < tensor.shape.size(); ++d)
            at += tensor.shape[d] == 1 ? 0 : index[lead + d] * strides[d];
        return at;
    });
}

float arithmetic(const std::string& type, float x, float y) {
    if (type == "Add") return x + y;
    if (type == "Sub") return x - y;
    return type == "Mul" ? x * y : x / y;
}

std::int64_t arithmetic(const std::string& type, std::int64_t x, std::int64_t y) {
    std::int64_t result = 0;
    const bool overflows = type == "Add"   ? __builtin_add_overflow(x, y, &result)
                           : type == "Sub" ? __builtin_sub_overflow(x, y, &result)
                           : type == "Mul"
                               ? __builtin_mul_overflow(x, y, &result)
                               : y == 0 || (y == -1 && x == std::numeric_limits<std::int64_t>::min());
    if (overflows) throw BadInput("constant: a result that no integer can hold");
    return type == "Div" ? x / y : result;
}

Tensor fold_arithmetic(const Operation& op, const Operands& in) {
    const Sizes shape = broadcast(operand(in, 0).shape, operand(in, 1).shape);
    Tensor a = expanded(operand(in, 0), shape);
    const Tensor b = expanded(operand(in, 1), shape);
    if (a.is_float() != b.is_float()) throw BadInput("constant: operands of two element types");
    if (auto* floats = std::get_if<0>(&a.values))
        for (std::size_t i = 0; i < floats->size(); ++i)
            (*floats)[i] = arithmetic(op.type, (*floats)[i], b.floats()[i]);
    else
        for (std::size_t i = 0; i < a.size(); ++i) {
            auto& x = std::get<1>(a.values)[i];
            x = arithmetic(op.type, x, b.ints()[i]);
        }
    return a;
}

Tensor fold_gather(const Operation& op, const Operands& in) {
    const Tensor &from = operand(in, 0), &which = operand(in, 1);
    const std::size_t axis = axis_of(attribute(op, "axis", std::int64_t{0}), from.shape.size());
    Sizes shape(from.shape.begin(), from.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    shape.insert(shape.end(), which.shape.begin(), which.shape.end());
    shape.insert(shape.end(), from.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, from.shape.end());
    const Sizes strides = strides_of(from.shape), which_strides = strides_of(which.shape);
    return gathered(from, shape, [&](const Sizes& index) {
        std::int64_t at = 0, chosen = 0;
        for (std::size_t d = 0; d < axis; ++d) at += index[d] * strides[d];
        for (std::size_t d = 0; d < which.shape.size(); ++d) chosen += index[axis + d] * which_strides[d];
        std::int64_t i = which.ints().at(static_cast<std::size_t>(chosen));
        if (i < 0) i += from.shape[axis];
        if (i < 0 || i >= from.shape[axis]) throw BadInput("constant: an index outside the tensor");
        at += i * strides[axis];
        for (std::size_t d = axis + 1; d < from.shape.size(); ++d)
            at += index[which.shape.size() + d - 1] * strides[d];
        return at;
    });
}

Tensor fold_slice(const Operation& op, const Operands& in) {
    const Tensor& from = operand(in, 0);
    const Sizes starts = list_of(op, "starts", in, 1), ends = list_of(op, "ends", in, 2);
    Sizes axes = list_of(op, "axes", in, 3), steps = list_of(op, "steps", in, 4);
    if (axes.empty())
        for (std::size_t d = 0; d < starts.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
    if (steps.empty()) steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
        throw BadInput("constant: lists of two lengths");
    std::vector<Positions> ranges;
    for (const std::int64_t d : from.shape) ranges.push_back({0, d, 1});
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const std::size_t axis = axis_of(axes[i], from.shape.size());
        ranges[axis] = range_of(starts[i], ends[i], steps[i], from.shape[axis]);
    }
    Sizes shape;
    for (const Positions& range : ranges) shape.push_back(range.count());
    const Sizes strides = strides_of(from.shape);
    return gathered(from, shape, [&](const Sizes& index) {
        std::int64_t at = 0;
        for (std::size_t d = 0; d < shape.size(); ++d)
            at += (ranges[d].begin + index[d] * ranges[d].step) * strides[d];
        return at;
    });
}

Tensor fold_concat(const Operation& op, const Operands& in) {
    const Tensor& first = operand(in, 0);
    const std::size_t axis = axis_of(attribute(op, "axis", std::int64_t{0}), first.shape.size());
    Tensor result = first;
    result.shape[axis] = 0;
    std::vector<std::int64_t> bounds;  // of the operands along the axis
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Tensor& part = operand(in, i);
        Sizes rest = part.shape;
        if (rest.size() == result.shape.size()) rest[axis] = first.shape[axis];
        if (rest != first.shape || part.is_float() != first.is_float())
            throw BadInput("constant: tensors that cannot be joined");
        result.shape[axis] += part.shape[axis];
        bounds.push_back(result.shape[axis]);
    }
    elements(result.shape);
    // Outer blocks one after the other, each of the operands' blocks in order.
    const auto outer =
        elements(Sizes(first.shape.begin(), first.shape.begin() + static_cast<std::ptrdiff_t>(axis)));
    std::visit([](auto& list) { list.clear(); }, result.values);
    for (std::int64_t o = 0; o < outer; ++o)
        for (std::size_t i = 0; i < in.size(); ++i)
            std::visit(
                [&](auto& to) {
                    const auto& from = std::get<std::decay_t<decltype(to)>>(in[i]->values);
                    const auto block =
                        static_cast<std::ptrdiff_t>(from.size()) / std::max<std::int64_t>(outer, 1);
                    to.insert(to.end(), from.begin() + o * block, from.begin() + (o + 1) * block);
                },
                result.values);
    return result;
}

Tensor fold_transpose(const Operation& op, const Operands& in) {
    const Tensor& from = operand(in, 0);
    Sizes perm = list_of(op, "perm", in, in.size());
    if (perm.empty())
        for (std::size_t d = from.shape.size(); d-- > 0;) perm.push_back(static_cast<std::int64_t>(d));
    if (perm.size() != from.shape.size()) throw BadInput("constant: perm has another length than the shape");
    Sizes shape;
    std::vector<bool> seen(perm.size());
    for (const std::int64_t p : perm) {
        const std::size_t axis = axis_of(p, perm.size());
        if (seen[axis]) throw BadInput("constant: perm names an axis twice");
        seen[axis] = true;
        shape.push_back(from.shape[axis]);
    }
    const Sizes strides = strides_of(from.shape);
    return gathered(from, shape, [&](const Sizes& index) {
        std::int64_t at = 0;
        for (std::size_t d = 0; d < perm.size(); ++d) at += index[d] * strides[axis_of(perm[d], perm.size())];
        return at;
    });
}

Tensor fold_cast(const Operation& op, const Operands& in) {
    enum { kFloat = 1, kUint8 = 2, kInt8 = 3, kInt32 = 6, kInt64 = 7, kBool = 9, kHalf = 10, kDouble = 11 };
    const Tensor& from = operand(in, 0);
    Tensor result{from.shape, {}, Element::f32};
    const std::int64_t to = attribute(op, "to", std::int64_t{0});
    if (to == kFloat || to == kDouble || to == kHalf) {
        std::vector<float> list;
        std::visit(
            [&](const auto& values) {
                for (auto x : values) list.push_back(static_cast<float>(x));
            },
            from.values);
        result.values = std::move(list);
        return result;
    }
    switch (to) {
        case kUint8:
            result.element = Element::u8;
            break;
        case kInt8:
            result.element = Element::i8;
            break;
        case kInt32:
            result.element = Element::i32;
            break;
        case kInt64:
            result.element = Element::i64;
            break;
        case kBool:
            result.element = Element::boolean;
            break;
        default:
            throw BadInput("Cast", "element type", "a float or integer type", std::to_string(to));
    }
    Sizes list;
    const auto integer = [&](auto x) -> std::int64_t {
        constexpr float kLimit = 9e18f;
        if constexpr (std::is_floating_point_v<decltype(x)>)
            if (!(x > -kLimit && x < kLimit)) throw BadInput("Cast: a number that no integer can hold");
        return to == kBool ? x != 0 : static_cast<std::int64_t>(x);
    };
    std::visit(
        [&](const auto& values) {
            for (auto x : values) list.push_back(integer(x));
        },
        from.values);
    result.values = std::move(list);
    return result;
}

Tensor fold_constant(const Operation& op, const Operands&) {
    for (const auto& [name, value] : op.attributes) {
        if (const auto* tensor = std::get_if<Tensor>(&value)) return *tensor;
        if (const auto* real = std::get_if<float>(&value)) return {{}, std::vector{*real}, Element::f32};
        if (const auto* reals = std::get_if<std::vector<float>>(&value))
            return {{static_cast<std::int64_t>(reals->size())}, *reals, Element::f32};
        if (const auto* integer = std::get_if<std::int64_t>(&value))
            return {{}, Sizes{*integer}, Element::i64};
        if (const auto* list = std::get_if<Sizes>(&value)) return ints(*list);
    }
    throw BadInput("Constant: holds no number and no tensor");
}

Tensor fold_constant_of_shape(const Operation& op, const Operands& in) {
    const Sizes shape = operand(in, 0).ints();
    Tensor value{{1}, std::vector<float>{0}, Element::f32};
    if (const auto found = op.attributes.find("value"); found != op.attributes.end())
        if (const auto* tensor = std::get_if<Tensor>(&found->second)) value = *tensor;
    if (value.size() != 1) throw BadInput("ConstantOfShape: value has more than one element");
    return gathered(value, shape, [](const Sizes&) { return 0; });
}

using Fold = Tensor (*)(const Operation&, const Operands&);

const std::map<std::string, Fold>& all_folds() {
    static const std::map<std::string, Fold> folds{
        {"Constant", fold_constant},
        {"ConstantOfShape", fold_constant_of_shape},
        {"Identity", [](const Operation&, const Operands& in) { return operand(in, 0); }},
        {"Cast", fold_cast},
        {"Add", fold_arithmetic},
        {"Sub", fold_arithmetic},
        {"Mul", fold_arithmetic},
        {"Div", fold_arithmetic},
        {"Gather", fold_gather},
        {"Slice", fold_slice},
        {"Concat", fold_concat},
        {"Transpose", fold_transpose},
        {"Shape", [](const Operation&, const Operands& in) { return ints(operand(in, 0).shape); }},
        {"Reshape",
         [](const Operation& op, const Operands& in) {
             return with_shape(operand(in, 0), reshaped(operand(in, 0).shape, operand(in, 1).ints(),
                                                        attribute(op, "allowzero", std::int64_t{0}) == 0));
         }},
        {"Squeeze",
         [](const Operation& op, const Operands& in) {
             return with_shape(operand(in, 0), squeezed(operand(in, 0).shape, list_of(op, "axes", in, 1)));
         }},
        {"Unsqueeze",
         [](const Operation& op, const Operands& in) {
             return with_shape(operand(in, 0), unsqueezed(operand(in, 0).shape, list_of(op, "axes", in, 1)));
         }},
        {"Flatten",
         [](const Operation& op, const Operands& in) {
             return with_shape(operand(in, 0),
                               flattened(operand(in, 0).shape, attribute(op, "axis", std::int64_t{1})));
         }},
        {"Expand",
         [](const Operation&, const Operands& in) {
             return expanded(operand(in, 0), broadcast(operand(in, 0).shape, operand(in, 1).ints()));
         }},
    };
    return folds;
}

}  // namespace

bool folds(const std::string& type) {
    return all_folds().contains(type);
}

Tensor fold(const Operation& operation, const Operands& operands) {
    return all_folds().at(operation.type)(operation, operands);
}

Tensor ints(Sizes values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return {{n}, std::move(values), Element::i64};
}

}  // namespace nibble::onnx
