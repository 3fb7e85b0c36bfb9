//! Outline of a source file, from its tokens: modules, items, imports and paths.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Outline of a module without its tests.
#[derive(Debug, Default)]
pub struct Outline {
    /// Names of the items that the module defines.
    pub items: BTreeSet<String>,
    /// Child modules by name, with the outline of those that are written in the same file.
    pub modules: Vec<(String, Option<Outline>)>,
    /// Leaves of the module's `use` declarations.
    pub imports: Vec<Import>,
    /// Paths of two names or more in the module's code, apart from its imports.
    pub paths: BTreeSet<Vec<String>>,
    /// Names in the module's code, apart from its imports.
    pub names: BTreeSet<String>,
}

/// One leaf of a `use` declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Path of the imported item, or of the module whose items a glob imports.
    pub path: Vec<String>,
    /// Name that the item has here; `None` for a glob.
    pub name: Option<String>,
    /// Flag: other modules may use the name, because of a `pub` of any kind.
    pub public: bool,
}

/// Words before the name of an item.
const ITEMS: [&str; 9] = [
    "struct", "enum", "union", "trait", "type", "fn", "const", "static", "mod",
];

/// Words that begin a path within the crate.
const ROOTS: [&str; 3] = ["crate", "self", "super"];

/// The outline of a file's text.
///
/// # Errors
/// If the text is not a sequence of Rust tokens.
pub fn outline(text: &str) -> Result<Outline> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{error}"))?;
    Ok(module(tokens))
}

fn module(tokens: TokenStream) -> Outline {
    let mut outline = Outline::default();
    outline.read(&Vec::from_iter(tokens), true);
    outline
}

impl Outline {
    /// Adds what the tokens define, import and name. With `top`, they are the tokens of the module
    /// itself, otherwise those of a group in it.
    fn read(&mut self, tokens: &[TokenTree], top: bool) {
        let mut public = false;
        // Flag: the next braces are those of an enum.
        let mut variants = false;
        let mut i = 0;
        while i < tokens.len() {
            let was_public = std::mem::take(&mut public);
            if is_test_attribute(tokens, i) {
                i = after_item(tokens, i + 2);
                continue;
            }
            let word = match &tokens[i] {
                TokenTree::Group(group) => {
                    let tokens = Vec::from_iter(group.stream());
                    if variants && group.delimiter() == Delimiter::Brace {
                        self.read_variants(&tokens);
                        variants = false;
                    } else {
                        self.read(&tokens, false);
                    }
                    i += 1;
                    continue;
                }
                TokenTree::Ident(ident) => ident.to_string(),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    i += 1;
                    continue;
                }
            };
            match word.as_str() {
                "pub" => {
                    public = true;
                    // The path in `pub(in path)` is no use of anything.
                    i += 1 + usize::from(is_group(tokens, i + 1, Delimiter::Parenthesis));
                }
                "use" => {
                    let end = position(tokens, i, |token| is_punct(token, ';'));
                    self.import(&tokens[i + 1..end], &[], was_public);
                    i = end + 1;
                }
                "mod" if top && name(tokens, i + 1).is_some() => {
                    let inner = match tokens.get(i + 2) {
                        Some(TokenTree::Group(group)) => Some(module(group.stream())),
                        _ => None,
                    };
                    self.modules
                        .extend(name(tokens, i + 1).map(|name| (name, inner)));
                    i += 3;
                }
                "macro_rules" if top => {
                    self.items.extend(name(tokens, i + 2));
                    i += 3;
                }
                // A constant after `<` or `,` is a generic parameter.
                word if top && ITEMS.contains(&word) && !is_parameter(tokens, i) => {
                    variants = word == "enum";
                    let mutable = usize::from(name(tokens, i + 1).is_some_and(|n| n == "mut"));
                    let defined = name(tokens, i + 1 + mutable);
                    // `const fn` and the like: the name comes after the second word.
                    let defined = defined.filter(|name| !ITEMS.contains(&name.as_str()));
                    i += 1 + mutable + usize::from(defined.is_some());
                    self.items.extend(defined);
                }
                _ => i = self.path(tokens, i),
            }
        }
    }

    /// Adds what the variants of an enum name, apart from their own names.
    fn read_variants(&mut self, tokens: &[TokenTree]) {
        for variant in tokens.split(|token| is_punct(token, ',')) {
            let attributes = variant
                .iter()
                .take_while(|token| !matches!(token, TokenTree::Ident(_)));
            let (attributes, rest) = variant.split_at(attributes.count());
            self.read(attributes, false);
            self.read(rest.get(1..).unwrap_or_default(), false);
        }
    }

    /// Adds the path or the name at index `i`, and returns the index after it.
    fn path(&mut self, tokens: &[TokenTree], i: usize) -> usize {
        let mut path: Vec<String> = name(tokens, i).into_iter().collect();
        let mut end = i + 1;
        while is_path_separator(tokens, end)
            && let Some(next) = name(tokens, end + 2)
        {
            path.push(next);
            end += 3;
        }
        let before = |distance: usize| i.checked_sub(distance).and_then(|j| tokens.get(j));
        let field = before(1).is_some_and(|token| is_punct(token, '.'))
            && !before(2).is_some_and(|token| is_punct(token, '.'));
        let continued = i >= 2 && is_path_separator(tokens, i - 2);
        let lifetime = before(1).is_some_and(|token| is_punct(token, '\''));
        if field || continued || lifetime {
            return end;
        }
        // A name before a colon is that of a field, an argument or a parameter.
        let own = path.len() == 1 && tokens.get(end).is_some_and(|token| is_punct(token, ':'));
        if !own {
            self.names.extend(path.first().cloned());
        }
        if path.len() > 1 {
            self.paths.insert(path);
        }
        end
    }

    /// Adds the leaves of a `use` declaration below `prefix`.
    fn import(&mut self, tokens: &[TokenTree], prefix: &[String], public: bool) {
        let mut path = prefix.to_vec();
        let mut i = 0;
        if is_path_separator(tokens, 0) {
            // `use ::name`, the name of another crate.
            return;
        }
        while let Some(token) = tokens.get(i) {
            match token {
                TokenTree::Group(group) => {
                    let tokens = Vec::from_iter(group.stream());
                    for tree in tokens.split(|token| is_punct(token, ',')) {
                        self.import(tree, &path, public);
                    }
                    return;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    let name = None;
                    self.imports.push(Import { path, name, public });
                    return;
                }
                TokenTree::Ident(ident) if ident == "as" => {
                    let name = name(tokens, i + 1);
                    self.imports.push(Import { path, name, public });
                    return;
                }
                // `{self}` is the module before it.
                TokenTree::Ident(ident) if ident == "self" && !path.is_empty() => {}
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            i += 1;
        }
        if let Some(name) = path.last().filter(|name| !ROOTS.contains(&name.as_str())) {
            let name = Some(name.clone());
            self.imports.push(Import { path, name, public });
        }
    }
}

/// The word at index `i`, if there is one.
fn name(tokens: &[TokenTree], i: usize) -> Option<String> {
    match tokens.get(i) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Returns `true` if the word at index `i` stands in a list of generic parameters.
fn is_parameter(tokens: &[TokenTree], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|token| is_punct(token, '<') || is_punct(token, ','))
}

fn is_group(tokens: &[TokenTree], i: usize, delimiter: Delimiter) -> bool {
    matches!(tokens.get(i), Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

/// Returns `true` if `::` is at index `i`.
fn is_path_separator(tokens: &[TokenTree], i: usize) -> bool {
    match (tokens.get(i), tokens.get(i + 1)) {
        (Some(TokenTree::Punct(first)), Some(second)) => {
            first.as_char() == ':' && first.spacing() == Spacing::Joint && is_punct(second, ':')
        }
        _ => false,
    }
}

/// Returns `true` if `#[cfg(test)]`, alone or with other conditions, is at index `i`.
fn is_test_attribute(tokens: &[TokenTree], i: usize) -> bool {
    let Some(TokenTree::Group(group)) = tokens.get(i + 1) else {
        return false;
    };
    let text: String = (group.stream().to_string().split_whitespace()).collect();
    is_punct(&tokens[i], '#') && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// The index after the item, field or arm at index `i`, its other attributes included.
fn after_item(tokens: &[TokenTree], i: usize) -> usize {
    let mut i = i;
    while tokens.get(i).is_some_and(|token| is_punct(token, '#')) {
        i += 2;
    }
    if name(tokens, i).is_some_and(|word| word == "pub") {
        i += 1 + usize::from(is_group(tokens, i + 1, Delimiter::Parenthesis));
    }
    let end = match name(tokens, i).as_deref() {
        Some("use" | "static" | "type") => position(tokens, i, |token| is_punct(token, ';')),
        Some("const") if name(tokens, i + 2).is_none() => {
            position(tokens, i, |token| is_punct(token, ';'))
        }
        Some(
            "async" | "const" | "enum" | "extern" | "fn" | "impl" | "macro_rules" | "mod"
            | "struct" | "trait" | "unsafe",
        ) => position(tokens, i, |token| {
            is_punct(token, ';')
                || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        }),
        _ => position(tokens, i, |token| is_punct(token, ',')),
    };
    end + 1
}

/// The index of the first token from `start` on that fits, or the number of tokens.
fn position(tokens: &[TokenTree], start: usize, fits: impl Fn(&TokenTree) -> bool) -> usize {
    let rest = tokens.get(start..).unwrap_or_default();
    start + rest.iter().position(fits).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let paths = outline(text).unwrap().paths;
        paths.iter().map(|path| path.join("::")).collect()
    }

    fn import(path: &str, name: Option<&str>, public: bool) -> Import {
        Import {
            path: path.split("::").map(str::to_owned).collect(),
            name: name.map(str::to_owned),
            public,
        }
    }

    #[test]
    fn items_and_modules_are_those_of_the_module_itself() {
        let outline = outline(
            "pub struct A<const N: usize>; enum B { C } pub(crate) const fn d() { struct Inner; } \
             pub static mut E: u8 = 0; macro_rules! f { () => {} } mod g; mod h { fn i() {} } \
             unsafe fn j() {} impl A { fn method() {} }",
        )
        .unwrap();
        let items: Vec<&str> = outline.items.iter().map(String::as_str).collect();
        assert_eq!(items, ["A", "B", "E", "d", "f", "j"]);
        let [(g, None), (h, Some(inner))] = &outline.modules[..] else {
            panic!("{:?}", outline.modules);
        };
        assert_eq!((g.as_str(), h.as_str()), ("g", "h"));
        assert!(inner.items.contains("i"));
    }

    #[test]
    fn imports_are_the_leaves_of_their_trees() {
        let outline = outline(
            "use crate::{A, b::{self, C as D}}; pub(crate) use super::e; pub use f::*; \
             use ::other::G; fn h() { use self::i::J as _; }",
        )
        .unwrap();
        let expected = [
            import("crate::A", Some("A"), false),
            import("crate::b", Some("b"), false),
            import("crate::b::C", Some("D"), false),
            import("super::e", Some("e"), true),
            import("f", None, true),
            import("self::i::J", Some("_"), false),
        ];
        assert_eq!(outline.imports, expected);
    }

    #[test]
    fn paths_are_found_in_types_bodies_and_macros() {
        let text = "fn a(b: crate::B, c: Vec<super::C>) { d::e::<self::F>(); x.g::<H>(); \
                    assert!(matches!(b, i::J { .. })); for _ in 0..k::L {} }";
        let expected = ["crate::B", "d::e", "i::J", "k::L", "self::F", "super::C"];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn names_of_variants_fields_and_arguments_are_no_uses() {
        let text = "enum A { #[b(C)] D { E: F }, G(H) } fn i(J: K) -> L { M { N: o } }";
        let names = outline(text).unwrap().names;
        let upper = names
            .iter()
            .filter(|name| name.chars().all(char::is_uppercase));
        let upper: Vec<&str> = upper.map(String::as_str).collect();
        assert_eq!(upper, ["C", "F", "H", "K", "L", "M"]);
    }

    #[test]
    fn comments_texts_visibilities_and_continued_paths_name_nothing() {
        let text = "/// [`crate::A`]\npub(in crate::b) fn c() -> &'static str { \
                    // crate::D\n <E as F>::g::h(); \"crate::I\" }";
        assert!(paths(text).is_empty(), "{:?}", paths(text));
    }

    #[test]
    fn tests_are_left_out_and_nothing_else() {
        let text = "#[cfg(test)] mod tests; #[cfg(test)] mod more { use crate::A; } \
                    #[cfg(test)] use crate::B; #[cfg(test)] pub(crate) fn c<T, U>() { crate::c(); } \
                    #[cfg(test)] #[derive(Clone)] struct D; #[cfg(test)] const E: F = F { x: g::H }; \
                    impl I { #[cfg(test)] fn j() { crate::j() } fn k() { crate::k() } } \
                    #[cfg(all(test, unix))] impl I {} fn l() { m::n() }";
        let outline = outline(text).unwrap();
        assert!(outline.modules.is_empty() && outline.imports.is_empty());
        let items: Vec<&str> = outline.items.iter().map(String::as_str).collect();
        assert_eq!(items, ["l"]);
        assert_eq!(paths(text), ["crate::k", "m::n"]);
    }

    #[test]
    fn what_is_not_rust_is_an_error() {
        assert!(outline("fn a( {").is_err());
    }
}
