//! What every file writes: the items and imports of its modules, and its paths, not yet resolved.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

use crate::tree::{FileId, Module};

/// Holds the names of one module.
#[derive(Default)]
pub struct Scope {
    /// The file that the module is in.
    pub file: FileId,
    /// The names of its items.
    pub defined: Vec<String>,
    /// What it imports and re-exports.
    pub imports: Vec<Import>,
}

/// Holds one leaf of a `use` item.
#[derive(Clone)]
pub struct Import {
    /// The name that the leaf brings into scope, or `*`.
    pub alias: String,
    /// The path as it is written.
    pub path: Vec<String>,
    /// The line.
    pub line: usize,
    /// Whether the item imports the name or passes it on.
    pub way: Way,
}

/// Holds a path as it is written, where it is.
pub struct Written {
    /// The file.
    pub file: FileId,
    /// The module.
    pub inside: Module,
    /// The line.
    pub line: usize,
    /// The path.
    pub path: Vec<String>,
    /// The way in which the path is written.
    pub way: Way,
}

/// Tells the ways apart in which a path is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// In a `use` item for this module only.
    Import,
    /// In a `use` item that passes the name on.
    ReExport,
    /// In a type, an expression, a pattern, a macro.
    Used,
}

/// Collects the names of each module and the paths that are written in it.
#[derive(Default)]
pub struct Collector {
    file: FileId,
    inside: Module,
    /// The names of each module.
    pub scopes: BTreeMap<Module, Scope>,
    /// The paths, imports left out.
    pub written: Vec<Written>,
}

impl Collector {
    /// Begins with a file, which is the module `module`.
    pub fn enter(&mut self, file: FileId, module: &Module) {
        self.file = file;
        self.inside.clone_from(module);
        self.scope();
    }

    fn scope(&mut self) -> &mut Scope {
        let scope = self.scopes.entry(self.inside.clone()).or_default();
        scope.file = self.file;
        scope
    }

    fn leaves(&mut self, tree: &UseTree, before: &[String], way: Way) {
        match tree {
            UseTree::Path(path) => self.leaves(&path.tree, &joined(before, &[path.ident.to_string()]), way),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.leaves(tree, before, way)),
            UseTree::Name(name) if name.ident == "self" => {
                let alias = before.last().cloned().unwrap_or_default();
                self.import(alias, before.to_vec(), Leaf { line: line(&name.ident), way });
            }
            UseTree::Name(name) => {
                let path = joined(before, &[name.ident.to_string()]);
                self.import(name.ident.to_string(), path, Leaf { line: line(&name.ident), way });
            }
            UseTree::Rename(name) => {
                let itself = name.ident == "self";
                let path = if itself { before.to_vec() } else { joined(before, &[name.ident.to_string()]) };
                self.import(name.rename.to_string(), path, Leaf { line: line(&name.ident), way });
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.import("*".to_owned(), before.to_vec(), Leaf { line, way });
            }
        }
    }

    fn import(&mut self, alias: String, path: Vec<String>, leaf: Leaf) {
        let Leaf { line, way } = leaf;
        self.scope().imports.push(Import { alias, path, line, way });
    }

    fn write(&mut self, line: usize, path: Vec<String>) {
        self.written.push(Written { file: self.file, inside: self.inside.clone(), line, path, way: Way::Used });
    }

    /// Records the paths of two names and more among the tokens of a macro, which have no syntax of their own.
    /// Attributes among them name keys and lints, not paths.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = TokenPath::default();
        let mut attribute = false;
        for token in tokens {
            if let TokenTree::Group(group) = &token
                && !attribute
            {
                self.scan(group.stream());
            }
            if let Some((line, path)) = path.take(&token) {
                self.write(line, path);
            }
            attribute =
                matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#' || attribute && mark.as_char() == '!');
        }
        if let Some((line, path)) = path.end() {
            self.write(line, path);
        }
    }
}

/// Says where a leaf of a `use` item is and whether the item passes the name on.
#[derive(Clone, Copy)]
struct Leaf {
    line: usize,
    way: Way,
}

/// Joins the tokens of a path.
#[derive(Default)]
struct TokenPath {
    names: Vec<String>,
    line: usize,
    colons: usize,
    /// Whether a `$` came before: a variable of a macro has no meaning here.
    variable: bool,
}

impl TokenPath {
    /// Takes one token and returns the path that ends before it.
    fn take(&mut self, token: &TokenTree) -> Option<(usize, Vec<String>)> {
        match token {
            TokenTree::Ident(name) if self.colons == 2 && !self.names.is_empty() => {
                self.names.push(name.to_string());
                self.colons = 0;
                None
            }
            TokenTree::Ident(name) => {
                let ended = self.end();
                let known = !std::mem::take(&mut self.variable) || name == "crate";
                self.names = if known { vec![name.to_string()] } else { Vec::new() };
                self.line = line(name);
                ended
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && !self.names.is_empty() => {
                self.colons += 1;
                None
            }
            other => {
                let ended = self.end();
                self.variable = matches!(other, TokenTree::Punct(mark) if mark.as_char() == '$');
                ended
            }
        }
    }

    fn end(&mut self) -> Option<(usize, Vec<String>)> {
        self.colons = 0;
        let names = std::mem::take(&mut self.names);
        (names.len() > 1).then_some((self.line, names))
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if let Some((_, items)) = &module.content {
            self.inside.push(module.ident.to_string());
            let defined = items.iter().filter_map(defined);
            self.scope().defined.extend(defined);
            visit::visit_item_mod(self, module);
            self.inside.pop();
        }
    }

    fn visit_file(&mut self, file: &'ast syn::File) {
        let defined = file.items.iter().filter_map(defined);
        self.scope().defined.extend(defined);
        visit::visit_file(self, file);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let way = if matches!(item.vis, Visibility::Inherited) { Way::Import } else { Way::ReExport };
        self.leaves(&item.tree, &[], way);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.first().is_some_and(|name| name != "Self") {
            self.write(line(&path.segments[0].ident), names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.scan(item.tokens.clone());
    }

    /// Reads derives only: the other attributes name keys and lints, not paths.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let (true, syn::Meta::List(list)) = (attribute.path().is_ident("derive"), &attribute.meta) {
            self.scan(list.tokens.clone());
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn line(name: &proc_macro2::Ident) -> usize {
    name.span().start().line
}

fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Returns the two parts as one path.
pub fn joined(path: &[String], rest: &[String]) -> Vec<String> {
    path.iter().chain(rest).cloned().collect()
}
