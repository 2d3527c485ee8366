//! Every file belongs to a crate: `mod` items lead to the file from the root of a crate. No build compiles an orphan, and a
//! reader takes its text for the way things are.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;

use crate::finding::Finding;
use crate::tree::{Tree, path_attribute};

/// Holds one `mod` item whose content is in a file of its own.
pub struct Declaration {
    /// The inline modules of the file that the item is in, from the outermost one.
    inside: Vec<String>,
    name: String,
    /// The value of the item's `#[path]` attribute.
    path: Option<String>,
}

/// Returns the `mod` items of a file whose content is in other files, those of a test build included.
pub fn declarations(items: &[Item]) -> Vec<Declaration> {
    let mut found = Vec::new();
    collect(items, &[], &mut found);
    found
}

fn collect(items: &[Item], inside: &[String], found: &mut Vec<Declaration>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        match &module.content {
            Some((_, items)) => collect(items, &[inside, &[name]].concat(), found),
            None => found.push(Declaration { inside: inside.to_vec(), name, path: path_attribute(&module.attrs) }),
        }
    }
}

/// Names a file of a crate, and the folder of the files that its `mod` items name.
struct Reached {
    path: String,
    children: String,
}

impl Reached {
    /// Returns the file of a crate's root or of a `#[path]` attribute, whose children lie beside it, as those of a `mod.rs`.
    fn beside(path: String) -> Self {
        let children = folder(&path).to_owned();
        Self { path, children }
    }

    /// Returns the places where the file that a declaration names may be.
    fn places(&self, declared: &Declaration) -> Vec<Self> {
        let inside: String = declared.inside.iter().flat_map(|name| [name.as_str(), "/"]).collect();
        if let Some(path) = &declared.path {
            let from = if declared.inside.is_empty() { folder(&self.path) } else { &self.children };
            return vec![Self::beside(plain(&format!("{from}{inside}{path}")))];
        }
        let stem = format!("{}{inside}{}", self.children, declared.name);
        let children = format!("{stem}/");
        vec![Self { path: format!("{stem}.rs"), children }, Self::beside(format!("{stem}/mod.rs"))]
    }
}

/// Returns the folder of a file, with the slash at its end.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..=end])
}

/// Returns a path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Tells whether a file is the root of a crate: the library, the program or a program in `src/bin`.
fn is_root(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["src", "lib.rs" | "main.rs"] | ["src", "bin", _] => true,
        ["src", "bin", _, file] => *file == "main.rs",
        _ => false,
    }
}

fn reached(declared: &BTreeMap<String, Vec<Declaration>>) -> BTreeSet<&str> {
    let roots = declared.keys().filter(|path| is_root(path));
    let mut open: Vec<_> = roots.map(|path| Reached::beside(path.clone())).collect();
    let mut reached = BTreeSet::new();
    while let Some(file) = open.pop() {
        let Some((path, items)) = declared.get_key_value(&file.path) else { continue };
        if reached.insert(path.as_str()) {
            open.extend(items.iter().flat_map(|item| file.places(item)));
        }
    }
    reached
}

/// Finds files that no crate compiles.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let reached = reached(&tree.declared);
    let orphans = tree.declared.keys().filter(|path| !reached.contains(path.as_str()));
    orphans
        .map(|path| Finding {
            file: path.clone(),
            line: 1,
            rule: "orphans",
            says: "no mod item leads from the root of a crate to the file".to_owned(),
            remedy: "Declare the module where it belongs, or remove the file",
        })
        .collect()
}
