// Reading and writing archives with LLVM's object library.
#include <fmt/format.h>

#include <optional>
#include <set>

#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ObjectFile.h"

#include "compiler/codegen/archives.h"

namespace lathe::codegen {
namespace {

llvm::MemoryBufferRef buffer(std::string_view bytes, std::string_view name) {
  return {llvm::StringRef(bytes.data(), bytes.size()), llvm::StringRef(name.data(), name.size())};
}

/// The undefined symbols of an object; `architecture` is what it must be for, and set by the first one.
llvm::Expected<std::vector<std::string>> undefined_symbols(llvm::MemoryBufferRef object,
                                                           std::optional<llvm::Triple::ArchType>& architecture) {
  auto file = llvm::object::ObjectFile::createObjectFile(object);
  if (!file) return file.takeError();
  if (!architecture) architecture = (*file)->getArch();
  if ((*file)->getArch() != *architecture) {
    return llvm::createStringError("it is for " + llvm::Triple::getArchTypeName((*file)->getArch()) + ", not for " +
                                   llvm::Triple::getArchTypeName(*architecture));
  }
  std::vector<std::string> names;
  for (const llvm::object::SymbolRef& symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    if (!flags) return flags.takeError();
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) == 0) continue;
    auto name = symbol.getName();
    if (!name) return name.takeError();
    names.push_back(name->str());
  }
  return names;
}

llvm::Expected<std::vector<ArchiveMember>> reach(std::string_view object, std::span<const std::string> symbols,
                                                 llvm::object::Archive& archive) {
  std::optional<llvm::Triple::ArchType> architecture;
  auto pending = undefined_symbols(buffer(object, "model.o"), architecture);
  if (!pending) return pending.takeError();
  pending->insert(pending->end(), symbols.begin(), symbols.end());
  std::set<uint64_t> taken;
  std::vector<ArchiveMember> members;
  while (!pending->empty()) {
    const std::string symbol = std::move(pending->back());
    pending->pop_back();
    auto found = archive.findSym(symbol);
    if (!found) return found.takeError();
    if (!*found || !taken.insert((*found)->getDataOffset()).second) continue;
    auto name = (*found)->getName();
    if (!name) return name.takeError();
    auto bytes = (*found)->getMemoryBufferRef();
    if (!bytes) return bytes.takeError();
    auto further = undefined_symbols(*bytes, architecture);
    if (!further) return further.takeError();
    pending->insert(pending->end(), further->begin(), further->end());
    members.push_back({name->str(), bytes->getBuffer().str()});
  }
  return members;
}

}  // namespace

Result<std::vector<ArchiveMember>> needed_members(std::string_view object, std::span<const std::string> symbols,
                                                  std::string_view archive, std::string_view archive_name,
                                                  Diagnostics& diagnostics) {
  const auto fail = [&](llvm::Error error) {
    return diagnostics
        .report(DiagnosticKind::FileNotReadable, {}, "the runtime in `{}` can't be used: {}", archive_name,
                llvm::toString(std::move(error)))
        .emit();
  };
  auto opened = llvm::object::Archive::create(buffer(archive, archive_name));
  if (!opened) return fail(opened.takeError());
  auto members = reach(object, symbols, **opened);
  if (!members) return fail(members.takeError());
  return std::move(*members);
}

Result<std::string> make_archive(const std::vector<ArchiveMember>& members, Diagnostics& diagnostics) {
  std::vector<llvm::NewArchiveMember> rows;
  for (const ArchiveMember& member : members) {
    rows.emplace_back(buffer(member.bytes, member.name));
    rows.back().MemberName = member.name;
  }
  auto written = llvm::writeArchiveToBuffer(rows, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                            /*Deterministic=*/true, /*Thin=*/false);
  if (!written) {
    return diagnostics
        .report(DiagnosticKind::InternalError, {}, "the archive can't be made: {}", llvm::toString(written.takeError()))
        .emit();
  }
  return (*written)->getBuffer().str();
}

}  // namespace lathe::codegen
