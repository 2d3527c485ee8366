//! A type has one file: its own methods are where the type is.

use syn::Type;
use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::names::Names;
use crate::tree::{Module, Tree};

/// Finds inherent `impl` blocks of types that another file defines.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let names = Names::of(tree);
    let mut findings = Vec::new();
    for (file, source) in tree.files.iter().enumerate() {
        let mut blocks = Blocks { inside: source.module.clone(), found: Vec::new() };
        blocks.visit_file(&source.syntax);
        for Block { inside, path, line } in blocks.found {
            let owner = names.files(&inside, &path).into_iter().next().filter(|owner| *owner != file);
            findings.extend(owner.map(|owner| Finding {
                file: source.path.clone(),
                line,
                rule: "ownership",
                says: format!("{} is defined in {}", path.join("::"), tree.files[owner].path),
                remedy: "Move the methods there, or make them functions or methods of a type of this file",
            }));
        }
    }
    findings
}

/// Names the type of one inherent `impl` block.
struct Block {
    inside: Module,
    path: Vec<String>,
    line: usize,
}

/// Collects the inherent `impl` blocks of a file.
struct Blocks {
    inside: Module,
    found: Vec<Block>,
}

impl<'ast> Visit<'ast> for Blocks {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.inside.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if let (None, Some(path)) = (&block.trait_, path_of(&block.self_ty)) {
            let line = block.impl_token.span.start().line;
            self.found.push(Block { inside: self.inside.clone(), path, line });
        }
        visit::visit_item_impl(self, block);
    }
}

/// Returns the path of a type, or of the first trait of a trait object.
fn path_of(of: &Type) -> Option<Vec<String>> {
    let path = match of {
        Type::Path(path) => &path.path,
        Type::Paren(inner) => return path_of(&inner.elem),
        Type::Group(inner) => return path_of(&inner.elem),
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
            syn::TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        })?,
        _ => return None,
    };
    Some(path.segments.iter().map(|segment| segment.ident.to_string()).collect())
}
