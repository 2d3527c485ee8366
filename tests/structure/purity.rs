//! What is pure stays pure: no task, lock, client or clock in `domain` and in the `facts` of a kind.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::names::{Names, Target};
use crate::tree::{Source, Tree};

const REMEDY: &str = "Take what the rule needs as a parameter; wait, lock, call and read the clock in the caller";

/// Finds impure files among the pure ones.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = tasks(tree);
    findings.extend(impure_names(tree));
    findings
}

/// Tells whether a file belongs to a pure ring: `domain`, or `facts` of a kind.
fn is_pure(source: &Source) -> bool {
    let module = source.in_library().unwrap_or_default();
    let facts = matches!(module, [controller, _, facts, ..] if controller == "controller" && facts == "facts");
    facts || source.is_in(&["domain"])
}

fn tasks(tree: &Tree) -> Vec<Finding> {
    let pure = tree.files.iter().filter(|source| is_pure(source));
    pure.flat_map(|source| {
        let mut tasks = Tasks::default();
        tasks.visit_file(&source.syntax);
        let finding = |span: Span| finding(source, span.start().line, "waits (async or await)".to_owned());
        tasks.spans.into_iter().map(finding).collect::<Vec<_>>()
    })
    .collect()
}

fn impure_names(tree: &Tree) -> Vec<Finding> {
    let names = Names::of(tree);
    let mut findings = Vec::new();
    for mention in &names.mentions {
        let source = &tree.files[mention.file];
        if !is_pure(source) {
            continue;
        }
        let target = mention.targets.iter().find_map(|target| match target {
            Target::Outside(path) => impure(path),
            Target::Item(to) | Target::Module(to) if tree.files[*to].is_in(&["clock"]) => Some("a clock"),
            Target::Item(_) | Target::Module(_) => None,
        });
        if let Some(what) = target.or_else(|| impure(&mention.path)) {
            findings.push(finding(source, mention.line, format!("{} is {what}", mention.path.join("::"))));
        }
    }
    findings
}

fn impure(path: &[String]) -> Option<&'static str> {
    let has = |test: fn(&str) -> bool| path.iter().any(|name| test(name));
    if path.first().is_some_and(|name| name == "tokio") {
        Some("of the async runtime")
    } else if has(|name| ["Mutex", "RwLock", "Semaphore"].contains(&name)) {
        Some("a lock")
    } else if has(|name| name.ends_with("Client")) {
        Some("a client")
    } else if path.len() > 1 && path.last().is_some_and(|name| name == "now") {
        Some("a clock")
    } else {
        None
    }
}

fn finding(source: &Source, line: usize, says: String) -> Finding {
    Finding { file: source.path.clone(), line, rule: "purity", says, remedy: REMEDY }
}

/// Collects the places of `async` and `.await`.
#[derive(Default)]
struct Tasks {
    spans: Vec<Span>,
}

impl Tasks {
    fn scan(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(name) if name == "async" || name == "await" => self.spans.push(name.span()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Tasks {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.spans.extend(signature.asyncness.iter().map(|token| token.span));
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.spans.push(block.async_token.span);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.spans.extend(closure.asyncness.iter().map(|token| token.span));
        visit::visit_expr_closure(self, closure);
    }

    fn visit_expr_await(&mut self, wait: &'ast syn::ExprAwait) {
        self.spans.push(wait.await_token.span);
        visit::visit_expr_await(self, wait);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.scan(item.tokens.clone());
    }
}
