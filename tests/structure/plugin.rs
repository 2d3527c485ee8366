//! The plugin of kubectl, a package of its own: which parts of the operator's library it may name. Its files and functions are
//! as small as those of the operator.

use syn::visit::Visit as _;

use crate::collect::Collector;
use crate::finding::Finding;
use crate::tree::{LIBRARY, Tree};

/// The folder of the package.
pub const FOLDER: &str = "kubectl-pam";

/// The modules of the library that the plugin may name: what an object is, what a rule says, what the PAM answers, how a
/// login is read, and the words for all that.
const OPEN: [&str; 7] = ["api", "domain", "kubernetes", "login", "message", "pam", "telemetry"];

/// Finds parts of the library that the plugin must not know. A name for the whole library would hide such a part.
pub fn closed(tree: &Tree) -> Vec<Finding> {
    let mut collector = Collector::default();
    for (file, source) in tree.files.iter().enumerate() {
        collector.enter(file, &source.module);
        collector.visit_file(&source.syntax);
    }
    let imports = collector
        .scopes
        .values()
        .flat_map(|scope| scope.imports.iter().map(|import| (scope.file, import.line, import.path.as_slice())));
    let written = collector.written.iter().map(|written| (written.file, written.line, written.path.as_slice()));
    let wrong = imports.chain(written).filter(|(_, _, path)| is_closed(path));
    wrong
        .map(|(file, line, path)| Finding {
            file: tree.files[file].path.clone(),
            line,
            rule: "plugin",
            says: format!("{} is none of the modules that the plugin may name", path.join("::")),
            remedy: "The plugin does what a person does: move what both need out of controller, or do without",
        })
        .collect()
}

fn is_closed(path: &[String]) -> bool {
    let [first, rest @ ..] = path else { return false };
    first == LIBRARY && !rest.first().is_some_and(|module| OPEN.contains(&module.as_str()))
}

/// Returns the findings with the folder of the package in their paths.
pub fn placed(findings: Vec<Finding>) -> Vec<Finding> {
    let placed = |finding: Finding| Finding { file: format!("{FOLDER}/{}", finding.file), ..finding };
    findings.into_iter().map(placed).collect()
}
