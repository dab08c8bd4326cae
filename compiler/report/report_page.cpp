// The page around its data.
#include "compiler/report/page_files.h"
#include "compiler/report/report.h"

namespace lathe::report {
namespace {

// JSON that may stand in a script element: no tag, comment or entity can begin in it. All of these characters stand in
// strings only.
std::string harmless(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<': result += "\\u003c"; break;
      case '>': result += "\\u003e"; break;
      case '&': result += "\\u0026"; break;
      default: result += c;
    }
  }
  return result;
}

}  // namespace

std::string report_page(const ReportInput& input) {
  const PageFiles page = page_files();
  std::string result(page.before_data);
  result += harmless(report_json(input));
  return result += page.after_data;
}

}  // namespace lathe::report
