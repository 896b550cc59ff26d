#include "experiments/reports/site.hpp"

#include <memory>

#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/commands/commands.hpp"

namespace nibble {
namespace {

struct SiteOptions {
    SharedOptions shared;
    std::string root, out = "build/site/index.html";
    Reports own;
};

int site_command(const SiteOptions& o) {
    check_writable(o.out);
    Refused refused;
    write_file(o.out, site_page(Project(o.root), o.own, refused));
    if (o.shared.json)
        print_json({{"out", o.out}});
    else
        print_text("wrote " + o.out + "\n");
    return exit_status(refused);
}

}  // namespace

void add_site(CommandLine& line, Reports own) {
    auto o = std::make_shared<SiteOptions>();
    o->own = std::move(own);
    Command command =
        line.command("site", "one page to look at: cost against accuracy, every result, every claim");
    command.option("--out", o->out, "the page, self-contained")
        .option("--root", o->root, "the repository (default: here or above)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble site\n  nibble site --out index.html\nOpen it in any browser; it needs no network.")
        .action([o] { return site_command(*o); });
}

}  // namespace nibble
