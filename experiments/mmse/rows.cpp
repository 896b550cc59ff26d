#include "experiments/mmse/rows.hpp"

#include <fmt/format.h>

namespace nibble::mmse {

Table layer_rows(const std::vector<ReportedCell>& cells) {
    Table table{{{"cell", false},
                 {"layer", false},
                 {"weights", false},
                 {"weight_error"},
                 {"bits_per_weight"},
                 {"kernels"},
                 {"extra_kernels"},
                 {"input", false},
                 {"input_step"},
                 {"input_error"}},
                {}};
    const auto number = [](const std::optional<double>& value) {
        return value ? fmt::format("{}", *value) : std::string(kMissing);
    };
    for (const auto& [cell, result] : cells) {
        if (!result || cell.seed != 0) continue;
        for (const Result::Layer& l : result->quantized->layers)
            table.rows.push_back({cell.name(), l.name, l.weights.value_or(kMissing),
                                  fmt::format("{}", l.weight_error), fmt::format("{}", l.bits_per_weight),
                                  std::to_string(l.kernels), std::to_string(l.extra_kernels),
                                  l.input.value_or(kMissing), number(l.input_step), number(l.input_error)});
    }
    return table;
}

Table cell_rows(const std::vector<ReportedCell>& cells) {
    Table table{{{"cell", false},
                 {"model", false},
                 {"method", false},
                 {"seed"},
                 {"top1"},
                 {"top5"},
                 {"loss"},
                 {"calibration"},
                 {"bits_per_weight"},
                 {"product_overhead"},
                 {"file_bytes"},
                 {"executed_as", false},
                 {"weights_digest", false},
                 {"predictions_digest", false},
                 {"key", false}},
                {}};
    for (const auto& [cell, result] : cells) {
        std::vector<std::string> row{cell.name(), cell.model, cell.method, std::to_string(cell.seed)};
        if (result) {
            const Result::Quantized& q = *result->quantized;
            for (double value : {result->top1, result->top5, result->loss})
                row.push_back(fmt::format("{}", value));
            row.push_back(std::to_string(q.calibration));
            for (double value : {q.bits_per_weight, q.product_overhead})
                row.push_back(fmt::format("{}", value));
            row.push_back(q.file_bytes ? std::to_string(*q.file_bytes) : kMissing);
            row.insert(row.end(), {result->executed_as, result->weights_digest, result->predictions_digest,
                                   result->key});
        }
        row.resize(table.columns.size(), kMissing);
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace nibble::mmse
