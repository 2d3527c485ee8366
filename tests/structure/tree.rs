//! The source files of a checkout, parsed, with everything that only a test build compiles taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, ImplItem, Item, Meta, Token, TraitItem};

use crate::orphans::{self, Declaration};
use crate::plugin;

/// The name by which other crates call the library.
pub const LIBRARY: &str = "pam_operator";

/// The path of a module, the name of its crate first: `pam_operator`, `controller`, `run`.
pub type Module = Vec<String>;

/// Names one file of a [`Tree`] by its index.
pub type FileId = usize;

/// Holds one file that a production build compiles.
pub struct Source {
    /// The path below the root of the checkout, as `src/controller/run.rs`.
    pub path: String,
    /// The module that the file is.
    pub module: Module,
    /// The syntax, without the items of a test build.
    pub syntax: syn::File,
    /// The number of lines, blank ones and comments included, without the items of a test build.
    pub lines: usize,
}

impl Source {
    /// Tells whether the file only declares modules and re-exports, so that nothing can depend on the file itself.
    pub fn only_declares(&self) -> bool {
        self.syntax.items.iter().all(|item| match item {
            Item::Mod(module) => module.content.is_none(),
            Item::Use(_) => true,
            _ => false,
        })
    }

    /// Returns the path of the module inside the library, or `None` for a file of a program.
    pub fn in_library(&self) -> Option<&[String]> {
        self.module.split_first().filter(|(first, _)| *first == LIBRARY).map(|(_, rest)| rest)
    }

    /// Tells whether the file is the module `path` of the library or lies below that module.
    pub fn is_in(&self, path: &[&str]) -> bool {
        self.in_library()
            .is_some_and(|module| module.len() >= path.len() && path.iter().zip(module).all(|(a, b)| a == b))
    }
}

/// Holds the files of one checkout that a production build compiles, in the order of their paths.
pub struct Tree {
    /// The files.
    pub files: Vec<Source>,
    /// The `mod` items of each file whose content is in another file. The files of a test build are among the files here.
    pub declared: BTreeMap<String, Vec<Declaration>>,
}

/// Returns the root of the checkout that is looked at.
pub fn root() -> PathBuf {
    std::env::var_os("STRUCTURE_ROOT").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

impl Tree {
    /// Reads the operator's package of the checkout that `STRUCTURE_ROOT` names, else of the checkout of this test.
    pub fn checkout() -> Self {
        Self::package("", "src/lib.rs")
    }

    /// Reads the plugin's package of the same checkout. The paths of its files are those below its own folder.
    pub fn plugin() -> Self {
        Self::package(plugin::FOLDER, "src/main.rs")
    }

    fn package(folder: &str, root_file: &str) -> Self {
        let root = root().join(folder);
        let mut texts = Vec::new();
        read_folder(&root, Path::new("src"), &mut texts);
        assert!(texts.iter().any(|(path, _)| path == root_file), "{} holds no {root_file}", root.display());
        Self::of(texts)
    }

    /// Parses the files, each given as its path below the root and its text.
    pub fn of<P: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let texts: BTreeMap<String, String> =
            texts.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        let parsed: Vec<_> =
            texts.iter().map(|(path, text)| (path, text.lines().count(), parsed(path, text))).collect();
        let mut declared = Declared::default();
        for (path, _, syntax) in &parsed {
            Scan { path, inside: module_of(path), inline: false }.declarations(&syntax.items, &mut declared);
        }
        let files = parsed.iter();
        let items = files.map(|(path, _, syntax)| ((*path).clone(), orphans::declarations(&syntax.items))).collect();
        let sources = parsed.into_iter().filter_map(|(path, lines, syntax)| source(path, lines, syntax, &declared));
        Self { files: sources.collect(), declared: items }
    }
}

/// Holds what `mod` declarations say about files, where the file's path does not say it.
#[derive(Default)]
struct Declared {
    /// The modules that only a test build compiles.
    tests: BTreeSet<Module>,
    /// The module of each file that a `#[path]` attribute names.
    moved: BTreeMap<String, Module>,
}

/// Names the module whose items are scanned for declarations.
struct Scan<'a> {
    path: &'a str,
    inside: Module,
    inline: bool,
}

impl Scan<'_> {
    fn declarations(&self, items: &[Item], declared: &mut Declared) {
        for item in items {
            let Item::Mod(module) = item else { continue };
            let mut inside = self.inside.clone();
            inside.push(module.ident.to_string());
            if is_test(&module.attrs) {
                declared.tests.insert(inside.clone());
            }
            if let Some(file) = path_attribute(&module.attrs).filter(|_| !self.inline) {
                let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                declared.moved.insert(format!("{folder}/{file}"), inside.clone());
            }
            if let Some((_, items)) = &module.content {
                Scan { path: self.path, inside, inline: true }.declarations(items, declared);
            }
        }
    }
}

fn read_folder(root: &Path, folder: &Path, texts: &mut Vec<(String, String)>) {
    let entries = std::fs::read_dir(root.join(folder)).expect("the checkout has a folder src");
    for entry in entries {
        let entry = entry.expect("an entry of a folder can be read");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            read_folder(root, &path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(entry.path()).expect("a source file is UTF-8");
            texts.push((path.to_str().expect("a path is UTF-8").to_owned(), text));
        }
    }
}

fn parsed(path: &str, text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{path}:{}: {error}", error.span().start().line))
}

fn source(path: &str, lines: usize, mut syntax: syn::File, declared: &Declared) -> Option<Source> {
    let module = declared.moved.get(path).cloned().unwrap_or_else(|| module_of(path));
    let tests = (1..=module.len()).any(|length| declared.tests.contains(&module[..length]));
    if tests || is_test(&syntax.attrs) {
        return None;
    }
    let lines = lines - strip(&mut syntax.items);
    Some(Source { path: path.to_owned(), module, syntax, lines })
}

/// Returns the module that a file is by its path.
fn module_of(path: &str) -> Module {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let parts: Vec<&str> = inner.strip_suffix(".rs").unwrap_or(inner).split('/').collect();
    let (first, rest) = match parts.as_slice() {
        ["lib"] => (LIBRARY.to_owned(), &[][..]),
        ["main"] => ("main".to_owned(), &[][..]),
        ["bin", program, "main"] => (format!("bin/{program}"), &[][..]),
        ["bin", program, rest @ ..] => (format!("bin/{program}"), rest),
        [folder @ .., "mod"] => (LIBRARY.to_owned(), folder),
        whole => (LIBRARY.to_owned(), whole),
    };
    let rest = rest.strip_suffix(&["mod"]).unwrap_or(rest);
    std::iter::once(first).chain(rest.iter().map(ToString::to_string)).collect()
}

/// Returns the file that a `#[path]` attribute names.
pub fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(literal) = &pair.value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        Some(text.value())
    })
}

/// Tells whether the attributes keep an item to test builds.
fn is_test(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|attribute| attribute.parse_args::<Meta>().ok()).any(|condition| needs_test(&condition))
}

fn needs_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.iter().any(needs_test),
        Some("any") => !parts.is_empty() && parts.iter().all(needs_test),
        _ => false,
    }
}

/// Takes the items of a test build out and returns the number of their lines.
fn strip(items: &mut Vec<Item>) -> usize {
    let mut removed = 0;
    items.retain(|item| keep(attributes(item), item.span(), &mut removed));
    for item in items {
        removed += match item {
            Item::Mod(module) => module.content.as_mut().map_or(0, |(_, items)| strip(items)),
            Item::Impl(block) => strip_impl(&mut block.items),
            Item::Trait(block) => strip_trait(&mut block.items),
            _ => 0,
        };
    }
    removed
}

fn strip_impl(items: &mut Vec<ImplItem>) -> usize {
    let mut removed = 0;
    items.retain(|item| match item {
        ImplItem::Fn(function) => keep(&function.attrs, function.span(), &mut removed),
        ImplItem::Const(constant) => keep(&constant.attrs, constant.span(), &mut removed),
        _ => true,
    });
    removed
}

fn strip_trait(items: &mut Vec<TraitItem>) -> usize {
    let mut removed = 0;
    items.retain(|item| match item {
        TraitItem::Fn(function) => keep(&function.attrs, function.span(), &mut removed),
        TraitItem::Const(constant) => keep(&constant.attrs, constant.span(), &mut removed),
        _ => true,
    });
    removed
}

fn keep(attributes: &[Attribute], span: proc_macro2::Span, removed: &mut usize) -> bool {
    let test = is_test(attributes);
    if test {
        *removed += span.end().line + 1 - span.start().line;
    }
    !test
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
