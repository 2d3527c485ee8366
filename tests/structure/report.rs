//! The figures of a tree, to compare a tree with a later one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::circles::Arrows;
use crate::functions::{Function, Measured, Struct};
use crate::names::Names;
use crate::ownership;
use crate::sizes::{self, FILE_LINES, FUNCTION_LINES, PARAMETERS};
use crate::tree::{LIBRARY, Source, Tree};

/// How many of the largest structs the table shows.
const LARGEST: usize = 4;

/// Returns the figures as a table.
pub fn report(tree: &Tree) -> String {
    let mut table = Table::default();
    lines(tree, &mut table);
    circles(tree, &mut table);
    functions(tree, &mut table);
    table.text
}

/// Collects the rows of the table.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn row(&mut self, name: &str, figure: impl std::fmt::Display) {
        writeln!(self.text, "{name:<58} {figure}").expect("a string can be written to");
    }
}

fn lines(tree: &Tree, table: &mut Table) {
    let controller = tree.files.iter().filter(|file| file.is_in(&["controller"]));
    table.row("files in src, without test files", tree.files.len());
    table.row("files in src/controller, without test files", controller.count());
    let mut modules: BTreeMap<String, usize> = BTreeMap::new();
    for file in &tree.files {
        *modules.entry(part(file)).or_default() += file.lines;
    }
    for (module, lines) in &modules {
        table.row(&format!("lines without tests: {module}"), lines);
    }
    let of = |module: &str| modules.get(module).copied().unwrap_or_default();
    table.row("lines without tests: controller and domain", of("controller") + of("domain"));
    table.row("lines without tests: all of src", modules.values().sum::<usize>());
    let longest = tree.files.iter().max_by_key(|file| file.lines);
    table.row("longest file", longest.map_or_else(String::new, |file| format!("{} ({})", file.lines, file.path)));
    table.row(&format!("files over {FILE_LINES} lines"), sizes::long_files(tree).len());
}

/// Returns the name of the part that a file belongs to: a module of the library, the library's root or a program.
fn part(file: &Source) -> String {
    match file.module.as_slice() {
        [library] if library == LIBRARY => "lib".to_owned(),
        [library, module, ..] if library == LIBRARY => module.clone(),
        other => other[0].clone(),
    }
}

fn circles(tree: &Tree, table: &mut Table) {
    let names = Names::of(tree);
    let circles = Arrows::of(tree, &names).circles();
    table.row("import circles", circles.len());
    table.row("files in import circles", circles.iter().map(Vec::len).sum::<usize>());
    for circle in circles {
        let paths: Vec<_> = circle.iter().map(|file| tree.files[*file].path.trim_start_matches("src/")).collect();
        table.row(&format!("  a circle of {}", circle.len()), paths.join(" "));
    }
}

fn functions(tree: &Tree, table: &mut Table) {
    let measured = Measured::of(tree);
    let place = |file: usize| tree.files[file].path.as_str();
    let mut structs: Vec<_> =
        measured.structs.iter().filter(|item| tree.files[item.file].is_in(&["controller"])).collect();
    structs.sort_by_key(|item| std::cmp::Reverse(item.fields));
    let count = |test: &dyn Fn(&Function) -> bool| measured.functions.iter().filter(|function| test(function)).count();
    table.row("functions", measured.functions.len());
    if let Some(Struct { file, name, fields }) = structs.first() {
        table.row("fields of the largest struct of controller", format!("{fields} ({name}, {})", place(*file)));
    }
    for Struct { name, fields, .. } in structs.into_iter().take(LARGEST) {
        let (taking, own) = (count(&|function| function.takes(name)), count(&|function| function.is_method_of(name)));
        table.row(&format!("  {name}"), format!("{fields} fields, {taking} functions take it, {own} methods"));
    }
    table.row("functions that take a Context", count(&|function| function.takes("Context")));
    let longest = measured.functions.iter().max_by_key(|function| function.lines);
    let described = |function: &Function| format!("{} ({}, {})", function.lines, function.name, place(function.file));
    table.row("lines of the longest function", longest.map_or_else(String::new, described));
    table.row(&format!("functions over {FUNCTION_LINES} lines"), sizes::long_functions(tree).len());
    table.row(&format!("functions with over {PARAMETERS} parameters"), sizes::many_parameters(tree).len());
    let parameters = measured.functions.iter().flat_map(|function| &function.parameters);
    table.row("parameters that are anonymous tuples", parameters.filter(|parameter| parameter.tuple).count());
    table.row("functions with such a parameter", sizes::tuple_parameters(tree).len());
    table.row("inherent impl blocks outside the file of their type", ownership::findings(tree).len());
}
