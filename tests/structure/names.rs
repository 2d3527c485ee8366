//! What every file names: its imports and paths, each resolved to the file that defines the named thing.

use std::collections::BTreeMap;

use syn::visit::Visit as _;

use crate::collect::{Collector, Import, Scope, Way, Written, joined};
use crate::tree::{FileId, LIBRARY, Module, Tree};

/// Limits how many re-exports lead from a name to its definition, so that a circle of re-exports ends.
const MOST_RE_EXPORTS: usize = 12;

/// Says what a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A module of this checkout.
    Module(FileId),
    /// Something that a file of this checkout defines.
    Item(FileId),
    /// Something of another crate, by its full path.
    Outside(Vec<String>),
}

/// Records that a file names something.
#[derive(Debug)]
pub struct Mention {
    /// The file.
    pub file: FileId,
    /// The line of the name.
    pub line: usize,
    /// The path as it is written.
    pub path: Vec<String>,
    /// What the path leads to: a module, an item, or one of each.
    pub targets: Vec<Target>,
    /// The way in which the path is written.
    pub way: Way,
}

/// Holds all that the files of a tree name.
pub struct Names {
    /// The mentions, in the order of the files and, within one, of the lines.
    pub mentions: Vec<Mention>,
    scopes: BTreeMap<Module, Scope>,
}

impl Names {
    /// Resolves what the files of the tree name.
    pub fn of(tree: &Tree) -> Self {
        let mut collector = Collector::default();
        for (file, source) in tree.files.iter().enumerate() {
            collector.enter(file, &source.module);
            collector.visit_file(&source.syntax);
        }
        let mut names = Self { mentions: Vec::new(), scopes: collector.scopes };
        names.mentions =
            names.imports().chain(collector.written).filter_map(|written| names.mention(written)).collect();
        names.mentions.sort_by_key(|mention| (mention.file, mention.line));
        names
    }

    /// Returns the files that `path`, written in the file of `module`, leads to.
    pub fn files(&self, module: &Module, path: &[String]) -> Vec<FileId> {
        let targets = self.resolve(module, path, 0);
        targets
            .into_iter()
            .filter_map(|target| if let Target::Item(file) = target { Some(file) } else { None })
            .collect()
    }

    /// Returns the imports and re-exports as paths.
    fn imports(&self) -> impl Iterator<Item = Written> {
        self.scopes.iter().flat_map(|(inside, scope)| {
            scope.imports.iter().flat_map(|import| {
                let paths = if import.alias == "*" { self.all_of(inside, import) } else { vec![import.path.clone()] };
                let written = |path| Written {
                    file: scope.file,
                    inside: inside.clone(),
                    line: import.line,
                    path,
                    way: import.way,
                };
                paths.into_iter().map(written).collect::<Vec<_>>()
            })
        })
    }

    /// Returns the path of each name that a glob import brings into scope.
    fn all_of(&self, inside: &Module, glob: &Import) -> Vec<Vec<String>> {
        let Some(scope) = self.module_at(inside, &glob.path, 0).and_then(|module| self.scopes.get(&module)) else {
            return vec![glob.path.clone()];
        };
        let imported = scope.imports.iter().filter(|import| import.way == Way::ReExport && import.alias != "*");
        let names = scope.defined.iter().chain(imported.map(|import| &import.alias));
        names.map(|name| glob.path.iter().chain([name]).cloned().collect()).collect()
    }

    fn mention(&self, written: Written) -> Option<Mention> {
        let Written { file, inside, line, path, way } = written;
        let targets = self.resolve(&inside, &path, 0);
        (!targets.is_empty()).then_some(Mention { file, line, path, targets, way })
    }

    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Vec<Target> {
        let Some((start, rest)) = start(from, path) else {
            let found = self.look_up(from, path, depth);
            return if found.is_empty() { vec![Target::Outside(path.to_vec())] } else { found };
        };
        let found = self.look_up(&start, rest, depth);
        // What is not found, a macro defines in the last module on the way.
        if found.is_empty() { self.last_module(start, rest) } else { found }
    }

    fn last_module(&self, start: Module, rest: &[String]) -> Vec<Target> {
        let mut module = start;
        for name in rest {
            let child = child(&module, name);
            if !self.scopes.contains_key(&child) {
                break;
            }
            module = child;
        }
        self.scopes.get(&module).map(|scope| Target::Item(scope.file)).into_iter().collect()
    }

    /// Returns what `path` leads to when its first name is looked up in `module`; nothing if the name is unknown there.
    fn look_up(&self, module: &Module, path: &[String], depth: usize) -> Vec<Target> {
        let Some(scope) = self.scopes.get(module).filter(|_| depth < MOST_RE_EXPORTS) else { return Vec::new() };
        let Some((name, rest)) = path.split_first() else { return vec![Target::Module(scope.file)] };
        let inner = child(module, name);
        let mut found = Vec::new();
        if self.scopes.contains_key(&inner) {
            found = self.look_up(&inner, rest, depth + 1);
            if found.is_empty() {
                found = self.last_module(inner, rest);
            }
        }
        if found.is_empty() || rest.is_empty() {
            found.extend(self.item(module, scope, path, depth));
        }
        found
    }

    /// Returns what `path` leads to when its first name is no module below `module`: a definition, an import or a glob.
    fn item(&self, module: &Module, scope: &Scope, path: &[String], depth: usize) -> Vec<Target> {
        let name = &path[0];
        if scope.defined.contains(name) {
            return vec![Target::Item(scope.file)];
        }
        let named =
            scope.imports.iter().filter(|import| import.alias == *name && import.path.as_slice() != [name.clone()]);
        let mut found: Vec<_> =
            named.flat_map(|import| self.resolve(module, &joined(&import.path, &path[1..]), depth + 1)).collect();
        if found.is_empty() {
            let globs = scope.imports.iter().filter(|import| import.alias == "*");
            found = globs.flat_map(|glob| self.through_glob(module, glob, path, depth)).collect();
        }
        found
    }

    fn through_glob(&self, module: &Module, glob: &Import, path: &[String], depth: usize) -> Vec<Target> {
        let source = self.module_at(module, &glob.path, depth + 1).filter(|source| source != module);
        source.map_or_else(Vec::new, |source| self.look_up(&source, path, depth + 1))
    }

    /// Returns the module that `path` leads to, through modules only.
    fn module_at(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        if depth >= MOST_RE_EXPORTS {
            return None;
        }
        let (start, rest) = start(from, path).unwrap_or_else(|| (from.clone(), path));
        let module = rest.iter().fold(start, |module, name| child(&module, name));
        self.scopes.contains_key(&module).then_some(module)
    }
}

/// Returns the module at which `path` begins and the rest of the path, or `None` if its first name must be looked up.
fn start<'a>(from: &Module, path: &'a [String]) -> Option<(Module, &'a [String])> {
    let (first, mut rest) = path.split_first()?;
    let mut module = from.clone();
    match first.as_str() {
        "crate" => module.truncate(1),
        "self" => {}
        "super" => {
            module.pop();
        }
        LIBRARY => module = vec![LIBRARY.to_owned()],
        _ => return None,
    }
    while let Some((_, further)) = rest.split_first().filter(|(name, _)| *name == "super") {
        module.pop();
        rest = further;
    }
    Some((module, rest))
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}
