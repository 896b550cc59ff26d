// Tables column by column: what each shows of a row.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "experiments/reports/result_table.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

template <class Row>
struct ColumnOf {
    Column column;
    std::function<std::string(const Row&)> text;
};

template <class Row>
Table table_of(const std::vector<Row>& rows, const std::vector<ColumnOf<Row>>& columns) {
    Table table;
    for (const auto& c : columns) table.columns.push_back(c.column);
    for (const Row& row : rows) {
        auto& texts = table.rows.emplace_back();
        for (const auto& c : columns) texts.push_back(c.text(row));
    }
    return table;
}

/// Text as it is, numbers unrounded, kMissing for nothing.
template <class T>
std::string plain_text(const T& value) {
    return fmt::format("{}", value);
}
template <class T>
std::string plain_text(const std::optional<T>& value) {
    return value ? plain_text(*value) : kMissing;
}

// ---- a row a cell

using CellColumn = ColumnOf<ReportedCell>;

/// What `of` says of the cell's result, unrounded; kMissing without one. Numbers are aligned right.
template <class F>
CellColumn result_column(const std::string& title, F of) {
    using Value = std::decay_t<std::invoke_result_t<F, const Result&>>;
    return {{title, !std::same_as<Value, std::string>}, [of](const ReportedCell& c) {
                return c.result ? plain_text(std::invoke(of, *c.result)) : std::string(kMissing);
            }};
}
/// A part of the cell's name.
template <class F>
CellColumn cell_column(const std::string& title, F part) {
    return {{title, false}, [part](const ReportedCell& c) { return plain_text(std::invoke(part, c.cell)); }};
}

// ---- a row a network and method, with figures over the seeds

/// `key` is the method or, where columns have methods of their own, what else tells rows apart.
struct MethodRow {
    std::string network, key;
};
using MethodColumn = ColumnOf<MethodRow>;
/// The method that a column shows in a row.
using MethodOf = std::function<std::string(const MethodRow&)>;
MethodOf own_method();
MethodOf always(const std::string& method);

/// Network by network, what of `methods` is in the grid.
std::vector<MethodRow> rows_in_grid(const ResultTable& table, const std::vector<std::string>& methods);

MethodColumn network_column();
MethodColumn key_column(const std::string& title);
/// How many results there are.
MethodColumn count_column(const ResultTable& table, const std::string& title,
                          const MethodOf& method = own_method());
/// Mean, with its interval over the seeds.
MethodColumn mean_column(const ResultTable& table, const std::string& title,
                         const MethodOf& method = own_method(), const Quantity& of = top1);
/// The same of the difference to another method.
MethodColumn change_column(const ResultTable& table, const std::string& title, const MethodOf& base,
                           const MethodOf& method = own_method(), const Quantity& of = top1,
                           Pairing pairing = Pairing::single_for_all);
/// The quantity of the first result that has it.
MethodColumn number_column(const ResultTable& table, const std::string& title, const Quantity& of,
                           int decimals, const MethodOf& method = own_method());

// ---- for print

/// A row of methods_by_network(): the top-1 of a method or, where it has a base, its difference to that.
struct PrintedMethod {
    std::string label, method, base = {};
};
/// Methods down, and across the networks that have results of the first.
Table methods_by_network(const ResultTable& table, const std::string& title,
                         const std::vector<PrintedMethod>& methods, double title_width = 0);

}  // namespace nibble
