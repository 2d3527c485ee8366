//! Files and functions stay small enough to be read at once.

use crate::finding::Finding;
use crate::functions::{Function, Measured};
use crate::tree::Tree;

/// The most lines of a function, from `fn` to its closing brace.
pub const FUNCTION_LINES: usize = 40;
/// The most lines of a file without its tests.
pub const FILE_LINES: usize = 300;
/// The most parameters of a function, `self` included.
pub const PARAMETERS: usize = 7;

/// Finds functions that are too long.
pub fn long_functions(tree: &Tree) -> Vec<Finding> {
    each(tree, |function| {
        (function.lines > FUNCTION_LINES).then(|| Said {
            says: format!("{} has {} lines, {FUNCTION_LINES} are the most", function.name, function.lines),
            remedy: "Give a part of it a name of its own",
        })
    })
}

/// Finds functions with too many parameters.
pub fn many_parameters(tree: &Tree) -> Vec<Finding> {
    each(tree, |function| {
        let count = function.parameters.len();
        (count > PARAMETERS).then(|| Said {
            says: format!("{} has {count} parameters, {PARAMETERS} are the most", function.name),
            remedy: "Put those that belong together into a struct",
        })
    })
}

/// Finds parameters whose type is an anonymous tuple.
pub fn tuple_parameters(tree: &Tree) -> Vec<Finding> {
    each(tree, |function| {
        function.parameters.iter().any(|parameter| parameter.tuple).then(|| Said {
            says: format!("{} takes an anonymous tuple", function.name),
            remedy: "Take a struct with named fields, or separate parameters",
        })
    })
}

/// Finds files that are too long.
pub fn long_files(tree: &Tree) -> Vec<Finding> {
    let long = tree.files.iter().filter(|file| file.lines > FILE_LINES);
    long.map(|file| Finding {
        file: file.path.clone(),
        line: FILE_LINES + 1,
        rule: "sizes",
        says: format!("the file has {} lines without its tests, {FILE_LINES} are the most", file.lines),
        remedy: "Move one of the things that it does into a file of its own",
    })
    .collect()
}

/// Holds what a finding says besides its place.
struct Said {
    says: String,
    remedy: &'static str,
}

fn each(tree: &Tree, rule: impl Fn(&Function) -> Option<Said>) -> Vec<Finding> {
    let functions = Measured::of(tree).functions;
    let finding = |function: &Function| {
        let Said { says, remedy } = rule(function)?;
        Some(Finding { file: tree.files[function.file].path.clone(), line: function.line, rule: "sizes", says, remedy })
    };
    functions.iter().filter_map(finding).collect()
}
