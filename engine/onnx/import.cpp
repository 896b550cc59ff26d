#include "engine/onnx/import.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"
#include "engine/onnx/constants.hpp"

namespace nibble::onnx {

namespace {

constexpr std::int64_t kLargestSize = std::int64_t{1} << 24;  // Window::check()'s bound

Reader reader_of(const std::string& type) {
    for (const auto* readers :
         {&layer_readers(), &pointwise_readers(), &pooling_readers(), &shape_readers(), &code_readers()})
        if (const auto found = readers->find(type); found != readers->end()) return found->second;
    return nullptr;
}

std::string supported_types() {
    std::vector<std::string> names;
    for (const auto* readers :
         {&layer_readers(), &pointwise_readers(), &pooling_readers(), &shape_readers(), &code_readers()})
        for (const auto& [name, reader] : *readers) names.push_back(name);
    std::ranges::sort(names);
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

bool is_known(const std::string& type) {
    return reader_of(type) || folds(type) || type == "Shape";
}

int small(std::int64_t value, const char* what, std::int64_t low) {
    if (value < low || value >= kLargestSize)
        throw BadInput(what, "number", std::to_string(low) + " to 2^24 - 1", std::to_string(value));
    return static_cast<int>(value);
}

Importer::Importer(const File& file, std::string where, Dims input) : file_(file), where_(std::move(where)) {
    for (const Operation& operation : file.operations)
        for (const std::string& name : operation.inputs) consumers_[name].push_back(&operation);
    for (const Port& port : file.outputs) consumers_[port.name].push_back(nullptr);
    for (const auto& [name, tensor] : file.constants) values_.emplace(name, Constant{tensor, {}, name});
    read_input(input);
}

void Importer::read_input(Dims wanted) {
    if (file_.inputs.size() != 1)
        throw BadInput(where_, "inputs", "one, a batch of images", std::to_string(file_.inputs.size()));
    const Port& port = file_.inputs.front();
    if (port.shape.size() != 4)
        throw BadInput(where_ + ": input '" + port.name + "'", "axes", "4: images, channels, rows, columns",
                       std::to_string(port.shape.size()));
    const auto is_colour = [](std::int64_t n) { return n == 1 || n == 3; };
    const bool last = !is_colour(port.shape[1]) && is_colour(port.shape[3]);
    const auto size = [&](std::size_t axis, int wish, const char* what) {
        if (port.shape[axis] > 0) return small(port.shape[axis], what, 1);
        if (wish > 0) return wish;
        throw BadInput(
            where_ + ": input '" + port.name + "' leaves its " + what +
            " open; it follows from a data set (--data), else export the network with fixed sizes");
    };
    const Dims dims{size(last ? 1 : 2, wanted.h, "height"), size(last ? 2 : 3, wanted.w, "width"),
                    size(last ? 3 : 1, wanted.c, "channels")};
    if (port.shape[0] > 0) batch_ = small(port.shape[0], "batch", 1);
    Activation x = image(graph_.input(dims));
    if (last) {
        x.view = View::pixels_last;
        x.shape = {batch_, dims.h, dims.w, dims.c};
    }
    values_.insert_or_assign(port.name, x);
}

std::string Importer::at() const {
    const std::string& name = operation_->name.empty() && !operation_->outputs.empty()
                                  ? operation_->outputs.front()
                                  : operation_->name;
    return where_ + ": node '" + name + "' (" + operation_->type + ")";
}

void Importer::run() {
    for (const Operation& operation : file_.operations) {
        if (done_.contains(&operation)) continue;
        operation_ = &operation;
        absorbed_ = nullptr;
        try {
            step(operation);
        } catch (const BadInput& e) {
            throw BadInput(at() + ": " + e.what());
        } catch (const std::out_of_range&) {
            throw BadInput(at() + ": its constants do not fit together");
        }
    }
}

void Importer::step(const Operation& operation) {
    for (const std::string& name : operation.inputs)
        if (!name.empty() && !values_.contains(name))
            throw BadInput("input '" + name + "' is computed nowhere before it");
    if (fold_constants()) return;
    const Reader reader = reader_of(operation.type);
    if (!reader) throw BadInput("the operation is not supported; supported are " + supported_types());
    reader(*this);
    if (absorbed_) done_.insert(absorbed_);
}

bool Importer::fold_constants() {
    if (operation_->type == "Shape" && !is_constant(0)) {
        result(Constant{ints(activation(0).shape), {}, {}});
        return true;
    }
    if (!folds(operation_->type)) return false;
    for (std::size_t i = 0; i < inputs(); ++i)
        if (has(i) && !is_constant(i)) return false;
    if (operation_->type == "Identity")
        result(constant(0));
    else
        result(Constant{fold(*operation_, constants()), {}, {}});
    return true;
}

bool Importer::has(std::size_t i) const {
    return i < inputs() && !operation_->inputs[i].empty();
}

bool Importer::is_constant(std::size_t i) const {
    return has(i) && std::holds_alternative<Constant>(values_.at(operation_->inputs[i]));
}

const Activation& Importer::activation(std::size_t i) const {
    if (!has(i)) throw BadInput("operand " + std::to_string(i) + " is missing");
    const auto* x = std::get_if<Activation>(&values_.at(operation_->inputs[i]));
    if (!x) throw BadInput("operand " + std::to_string(i), "kind", "an activation", "a constant");
    if (x->as_codes && operation_->type != "DequantizeLinear")
        throw BadInput("reads the codes of a QuantizeLinear; expected a DequantizeLinear behind it");
    return *x;
}

const Constant& Importer::constant(std::size_t i) const {
    if (!has(i)) throw BadInput("operand " + std::to_string(i) + " is missing");
    const auto* x = std::get_if<Constant>(&values_.at(operation_->inputs[i]));
    if (!x) throw BadInput("operand " + std::to_string(i), "kind", "a constant", "an activation");
    return *x;
}

std::vector<const Tensor*> Importer::constants() const {
    std::vector<const Tensor*> list;
    for (std::size_t i = 0; i < inputs(); ++i) list.push_back(is_constant(i) ? &constant(i).tensor : nullptr);
    return list;
}

int Importer::append(Node node, const std::vector<const Activation*>& operands) {
    for (const Activation* x : operands) node.inputs.push_back(x->node);
    const int index = graph_.append(std::move(node));
    const bool same = std::ranges::all_of(
        operands, [&](const Activation* x) { return x->codes && *x->codes == *operands.front()->codes; });
    if (same && nibble::operation(graph_[index].op).on_codes == OnCodes::passes) {
        passed_[index] = *operands.front()->codes;
        return index;
    }
    for (std::size_t i = 0; i < operands.size(); ++i)
        if (operands[i]->codes) quantization_.edges[{index, static_cast<int>(i)}] = *operands[i]->codes;
    return index;
}

Activation Importer::image(int node, bool flat) const {
    const Dims& dims = graph_[node].out;
    if (flat) return {node, {batch_, dims.c}, View::image, codes_of(node), false};
    return {node, {batch_, dims.c, dims.h, dims.w}, View::image, codes_of(node), false};
}

std::optional<Quantizer> Importer::codes_of(int node) const {
    const auto found = passed_.find(node);
    return found == passed_.end() ? std::nullopt : std::optional(found->second);
}

void Importer::result(Value value, std::size_t i) {
    const Operation& owner = absorbed_ ? *absorbed_ : *operation_;
    if (i < owner.outputs.size() && !owner.outputs[i].empty())
        values_.insert_or_assign(owner.outputs[i], std::move(value));
}

std::string Importer::layer_name(const Constant& weight) {
    std::string name = weight.name;
    if (name.ends_with(".weight"))
        name.resize(name.size() - 7);
    else
        name = operation_->name.empty() ? operation_->outputs.at(0) : operation_->name;
    const int uses = names_[name]++;
    return uses == 0 ? name : layer_name({{}, {}, name + "-" + std::to_string(uses + 1) + ".weight"});
}

const Operation* Importer::only_consumer(const std::string& type) const {
    const auto readers = consumers_.find(operation_->outputs.at(0));
    if (readers == consumers_.end() || readers->second.size() != 1) return nullptr;
    const Operation* reader = readers->second.front();
    return reader && reader->type == type ? reader : nullptr;
}

const Constant* Importer::constant_of(const Operation& operation) const {
    for (const std::string& name : operation.inputs)
        if (const auto found = values_.find(name); found != values_.end())
            if (const auto* x = std::get_if<Constant>(&found->second)) return x;
    return nullptr;
}

Importer::Network Importer::take() && {
    if (file_.outputs.empty()) throw BadInput(where_ + ": the network has no output");
    const auto found = values_.find(file_.outputs.front().name);
    const auto* output = found == values_.end() ? nullptr : std::get_if<Activation>(&found->second);
    if (!output)
        throw BadInput(where_ + ": output '" + file_.outputs.front().name + "' is computed by no operation");
    if (const Dims& dims = graph_[output->node].out; dims.h != 1 || dims.w != 1)
        throw BadInput(where_, "output", "a number per class", to_string(dims));

    // Keep what the output depends on; nodes are in topological order, so the output becomes the last.
    std::vector<bool> needed(static_cast<std::size_t>(graph_.size()));
    needed[0] = needed[static_cast<std::size_t>(output->node)] = true;
    for (int i = graph_.size(); i-- > 0;)
        if (needed[static_cast<std::size_t>(i)])
            for (const int x : graph_[i].inputs) needed[static_cast<std::size_t>(x)] = true;
    Network network;
    std::vector<int> place(needed.size(), -1);
    Quantization kept;
    for (int i = 0; i < graph_.size(); ++i) {
        if (!needed[static_cast<std::size_t>(i)]) continue;
        Node node = graph_[i];
        for (int& x : node.inputs) x = place[static_cast<std::size_t>(x)];
        const int index = place[static_cast<std::size_t>(i)] = network.graph.append(std::move(node));
        for (int k = 0; k < static_cast<int>(graph_[i].inputs.size()); ++k)
            if (const auto edge = quantization_.edges.find({i, k}); edge != quantization_.edges.end())
                kept.edges[{index, k}] = edge->second;
    }
    for (const auto& [name, shape, start] : network.graph.parameters())
        if (auto weight = weights_.extract(name)) network.weights.insert(std::move(weight));
    for (const int i : network.graph.weighted_layers())
        if (auto layer = quantization_.layers.extract(network.graph[i].name))
            kept.layers.insert(std::move(layer));
    try {
        network.graph.check(network.weights);
    } catch (const BadInput& e) {
        throw BadInput(where_ + ": " + e.what());
    }
    if (!kept.edges.empty() || !kept.layers.empty()) network.quantization = std::move(kept);
    return network;
}

}  // namespace nibble::onnx
