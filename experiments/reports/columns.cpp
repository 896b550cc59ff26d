#include "experiments/reports/columns.hpp"

namespace nibble {

MethodOf own_method() {
    return [](const MethodRow& row) { return row.key; };
}

MethodOf always(const std::string& method) {
    return [method](const MethodRow&) { return method; };
}

std::vector<MethodRow> rows_in_grid(const ResultTable& table, const std::vector<std::string>& methods) {
    std::vector<MethodRow> rows;
    for (const std::string& network : table.networks())
        for (const std::string& method : methods)
            if (table.in_grid(network, method)) rows.push_back({network, method});
    return rows;
}

MethodColumn network_column() {
    return {{"Network", false}, [](const MethodRow& row) { return row.network; }};
}

MethodColumn key_column(const std::string& title) {
    return {{title, false}, own_method()};
}

MethodColumn count_column(const ResultTable& table, const std::string& title, const MethodOf& method) {
    return {{title}, [&table, method](const MethodRow& row) {
                return count_text(table.results(row.network, method(row)).size());
            }};
}

MethodColumn mean_column(const ResultTable& table, const std::string& title, const MethodOf& method,
                         const Quantity& of) {
    return {{title}, [&table, method, of](const MethodRow& row) {
                return over_seeds(table.values(row.network, method(row), of), 2);
            }};
}

MethodColumn change_column(const ResultTable& table, const std::string& title, const MethodOf& base,
                           const MethodOf& method, const Quantity& of, Pairing pairing) {
    return {{title}, [&table, base, method, of, pairing](const MethodRow& row) {
                return signed_over_seeds(table.differences(row.network, method(row), base(row), of, pairing),
                                         2);
            }};
}

MethodColumn number_column(const ResultTable& table, const std::string& title, const Quantity& of,
                           int decimals, const MethodOf& method) {
    return {{title}, [&table, of, decimals, method](const MethodRow& row) {
                const auto values = table.values(row.network, method(row), of);
                return values.empty() ? kMissing : fmt::format("{:.{}f}", values.front(), decimals);
            }};
}

Table methods_by_network(const ResultTable& table, const std::string& title,
                         const std::vector<PrintedMethod>& methods, double title_width) {
    using Printed = ColumnOf<PrintedMethod>;
    std::vector<Printed> columns{
        {{title, false, title_width}, [](const PrintedMethod& m) { return m.label; }}};
    for (const std::string& network : table.networks_with_results({methods.front().method}))
        columns.push_back({{network}, [&table, network](const PrintedMethod& m) {
                               return m.base.empty() ? over_seeds(table.values(network, m.method), 2)
                                                     : signed_over_seeds(
                                                           table.differences(network, m.method, m.base), 2);
                           }});
    return table_of(methods, columns);
}

}  // namespace nibble
