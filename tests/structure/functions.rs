//! The functions and structs of a tree, measured.

use syn::visit::{self, Visit};
use syn::{FnArg, Signature, Type};

use crate::tree::{FileId, Tree};

/// Describes one function: its place, its length and its parameters.
pub struct Function {
    /// The file.
    pub file: FileId,
    /// The line of `fn`.
    pub line: usize,
    /// The name.
    pub name: String,
    /// The lines from `fn` to the closing brace; 0 for a declaration without a body.
    pub lines: usize,
    /// The parameters, `self` included.
    pub parameters: Vec<Parameter>,
    /// The name of the type whose `self` the function takes.
    method_of: Option<String>,
}

impl Function {
    /// Tells whether a parameter other than `self` is of a type that is called `name`, by value or by reference.
    pub fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.of.as_deref() == Some(name))
    }

    /// Tells whether the function has a `self` and is in an `impl` block of a type that is called `name`.
    pub fn is_method_of(&self, name: &str) -> bool {
        self.method_of.as_deref() == Some(name)
    }
}

/// Describes one parameter.
pub struct Parameter {
    /// The last name of the type's path, references taken off; nothing for `self` and for types without a path.
    pub of: Option<String>,
    /// Whether the type is an anonymous tuple or a reference to one.
    pub tuple: bool,
}

/// Describes one struct with named fields.
pub struct Struct {
    /// The file.
    pub file: FileId,
    /// The name.
    pub name: String,
    /// The number of fields.
    pub fields: usize,
}

/// Holds the functions and structs of a tree.
#[derive(Default)]
pub struct Measured {
    /// The functions, those inside of functions too.
    pub functions: Vec<Function>,
    /// The structs.
    pub structs: Vec<Struct>,
    file: FileId,
    /// The type of the `impl` block around.
    inside: Option<String>,
}

impl Measured {
    /// Measures the functions and structs of a tree; what a macro makes is not seen.
    pub fn of(tree: &Tree) -> Self {
        let mut measured = Self::default();
        for (file, source) in tree.files.iter().enumerate() {
            measured.file = file;
            measured.visit_file(&source.syntax);
        }
        measured
    }

    fn add(&mut self, signature: &Signature, body: Option<&syn::Block>) {
        let line = signature.fn_token.span.start().line;
        let end = body.map(|body| body.brace_token.span.close().end().line);
        self.functions.push(Function {
            file: self.file,
            line,
            name: signature.ident.to_string(),
            lines: end.map_or(0, |end| end + 1 - line),
            parameters: signature.inputs.iter().map(parameter).collect(),
            method_of: self.inside.clone().filter(|_| signature.receiver().is_some()),
        });
    }
}

impl<'ast> Visit<'ast> for Measured {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, Some(&function.block));
        visit::visit_item_fn(self, function);
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let around = std::mem::replace(&mut self.inside, last_name(&block.self_ty));
        visit::visit_item_impl(self, block);
        self.inside = around;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, Some(&function.block));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.add(&function.sig, function.default.as_ref());
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if let syn::Fields::Named(fields) = &item.fields {
            self.structs.push(Struct { file: self.file, name: item.ident.to_string(), fields: fields.named.len() });
        }
    }
}

fn parameter(argument: &FnArg) -> Parameter {
    let FnArg::Typed(typed) = argument else { return Parameter { of: None, tuple: false } };
    let tuple = matches!(bare(&typed.ty), Type::Tuple(tuple) if !tuple.elems.is_empty());
    Parameter { of: last_name(&typed.ty), tuple }
}

/// Returns the last name of the type's path.
fn last_name(of: &Type) -> Option<String> {
    let Type::Path(path) = bare(of) else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// Returns the type without references, parentheses and invisible groups.
fn bare(of: &Type) -> &Type {
    match of {
        Type::Reference(reference) => bare(&reference.elem),
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        other => other,
    }
}
