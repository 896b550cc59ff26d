#include "experiments/mmse/rows.hpp"

#include "experiments/reports/columns.hpp"

namespace nibble::mmse {

namespace {
struct LayerRow {
    std::string cell;
    Result::Quantization::Layer layer;
};

template <class F>
ColumnOf<LayerRow> layer_column(const std::string& title, F of) {
    return {{title}, [of](const LayerRow& row) { return plain_text(std::invoke(of, row.layer)); }};
}

template <class F>
CellColumn quantization_column(const std::string& title, F of) {
    return result_column(title, [of](const Result& r) { return std::invoke(of, *r.quantization); });
}
}  // namespace

Table layer_rows(const std::vector<ReportedCell>& cells) {
    using Layer = Result::Quantization::Layer;
    std::vector<LayerRow> rows;
    for (const auto& [cell, result] : cells)
        if (result && cell.seed == 0)
            for (const Layer& layer : result->quantization->layers) rows.push_back({cell.name(), layer});
    return table_of(rows, {{{"cell"}, [](const LayerRow& row) { return row.cell; }},
                           layer_column("layer", &Layer::name),
                           layer_column("weights", &Layer::weights),
                           layer_column("weight_error", &Layer::weight_error),
                           layer_column("bits_per_weight", &Layer::bits_per_weight),
                           layer_column("kernels", &Layer::output_channels),
                           layer_column("extra_kernels", &Layer::dual_channels),
                           layer_column("input", &Layer::input),
                           layer_column("input_step", &Layer::input_step),
                           layer_column("input_error", &Layer::input_error)});
}

Table cell_rows(const std::vector<ReportedCell>& cells) {
    using Quantization = Result::Quantization;
    return table_of(
        cells,
        {cell_column("cell", &Cell::name), cell_column("model", &Cell::model),
         cell_column("method", &Cell::method), cell_column("seed", &Cell::seed), result_column("top1", top1),
         result_column("top5", [](const Result& r) { return r.eval.top5; }),
         result_column("loss", [](const Result& r) { return r.eval.loss; }),
         quantization_column("calibration",
                             [](const Quantization& q) { return q.calibration ? q.calibration->images : 0; }),
         quantization_column("bits_per_weight", &Quantization::bits_per_weight),
         quantization_column("product_overhead", &Quantization::product_overhead),
         quantization_column("file_bytes", &Quantization::file_bytes),
         result_column("executed_as", &Result::executed_as),
         result_column("weights_digest", &Result::weights_digest),
         result_column("predictions_digest", &Result::predictions_digest),
         result_column("key", [](const Result& r) { return r.parts.key(); })});
}

}  // namespace nibble::mmse
