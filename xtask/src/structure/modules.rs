//! Modules of one crate, and the arrows between their files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::source::{Outline, outline};

/// Modules of a library or a program, in the files that its root names by `mod`.
pub struct Modules {
    /// Paths of the files; the root is the first.
    pub files: Vec<PathBuf>,
    modules: Vec<Module>,
}

/// Arrows between files, by their indices, each with the names that the first file takes from the
/// second.
pub type Arrows = BTreeMap<(usize, usize), BTreeSet<String>>;

struct Module {
    outline: Outline,
    /// Index of its file.
    file: usize,
    /// Index of the module around it; `None` for the root.
    parent: Option<usize>,
    /// Indices of the modules in it.
    children: BTreeMap<String, usize>,
}

/// Meaning of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    /// An item with this name in the file with this index.
    Item(usize, String),
    /// The module with this index.
    Module(usize),
}

/// Meanings found so far of names, each in the module with this index and at the end of a path or
/// not. A name that is being looked up has none, so that one that leads to itself has none.
type Found = BTreeMap<(usize, String, bool), Option<Meaning>>;

impl Modules {
    /// Reads the modules of the crate whose root is `root`, such as `src/lib.rs`.
    ///
    /// # Errors
    /// If a file is missing, cannot be read, or is not Rust.
    pub fn read(root: &Path) -> Result<Self> {
        let mut modules = Self {
            files: Vec::new(),
            modules: Vec::new(),
        };
        let folder = root.parent().unwrap_or(Path::new(""));
        modules.read_file(root, folder, None)?;
        Ok(modules)
    }

    /// Reads a file whose modules lie in `folder`, and returns the index of its module.
    fn read_file(&mut self, path: &Path, folder: &Path, parent: Option<usize>) -> Result<usize> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
        let outline = outline(&text).with_context(|| format!("cannot parse `{shown}`"))?;
        self.files.push(path.to_owned());
        self.add(outline, self.files.len() - 1, folder, parent)
    }

    /// Adds a module of a file, and those in it, and returns its index.
    fn add(
        &mut self,
        mut outline: Outline,
        file: usize,
        folder: &Path,
        parent: Option<usize>,
    ) -> Result<usize> {
        let children = std::mem::take(&mut outline.modules);
        let index = self.modules.len();
        self.modules.push(Module {
            outline,
            file,
            parent,
            children: BTreeMap::new(),
        });
        for (name, outline) in children {
            let folder_of_child = folder.join(&name);
            let child = match outline {
                Some(outline) => self.add(outline, file, &folder_of_child, Some(index))?,
                None => {
                    let paths = [
                        folder.join(format!("{name}.rs")),
                        folder_of_child.join("mod.rs"),
                    ];
                    let Some(path) = paths.iter().find(|path| path.is_file()) else {
                        bail!(
                            "`{}` names the module `{name}`, but there is no `{}`",
                            self.files[file].display(),
                            paths[0].display()
                        );
                    };
                    self.read_file(path, &folder_of_child, Some(index))?
                }
            };
            self.modules[index].children.insert(name, child);
        }
        Ok(index)
    }

    /// The arrows between the files: from one that uses an item to the one that defines it. A
    /// re-export is followed, and is an arrow only in a file whose own code uses the name.
    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (index, module) in self.modules.iter().enumerate() {
            let mut add = |to: usize, name: String| {
                if to != module.file {
                    arrows.entry((module.file, to)).or_default().insert(name);
                }
            };
            let Outline {
                imports,
                paths,
                names,
                ..
            } = &module.outline;
            for import in imports {
                let used = import
                    .name
                    .as_ref()
                    .is_some_and(|name| names.contains(name));
                if import.public && !used {
                    continue;
                }
                match self.meaning(index, &import.path) {
                    Some(Meaning::Item(file, name)) => add(file, name),
                    Some(Meaning::Module(of)) if import.name.is_none() => {
                        add(self.modules[of].file, "*".into());
                    }
                    Some(Meaning::Module(_)) | None => {}
                }
            }
            for path in paths {
                if let Some(Meaning::Item(file, name)) = self.meaning(index, path) {
                    add(file, name);
                }
            }
        }
        arrows
    }

    /// The meaning of a path in a module; `None` if it leads out of the crate.
    fn meaning(&self, module: usize, path: &[String]) -> Option<Meaning> {
        self.resolve(module, path, &mut Found::new())
    }

    fn resolve(&self, module: usize, path: &[String], found: &mut Found) -> Option<Meaning> {
        let mut place = module;
        for (position, name) in path.iter().enumerate() {
            let last = position + 1 == path.len();
            place = match (name.as_str(), position) {
                ("crate", 0) => 0,
                ("self", 0) => module,
                ("super", _) => self.modules[place].parent?,
                _ => match self.look_up(place, name, last, found)? {
                    // The rest names what belongs to the item, such as a variant.
                    item @ Meaning::Item(..) => return Some(item),
                    Meaning::Module(module) => module,
                },
            };
        }
        Some(Meaning::Module(place))
    }

    /// The meaning of a name in a module. One that ends a path is first of all an item, another one
    /// a module.
    fn look_up(&self, module: usize, name: &str, last: bool, found: &mut Found) -> Option<Meaning> {
        let key = (module, name.to_owned(), last);
        if let Some(meaning) = found.get(&key) {
            return meaning.clone();
        }
        let Module {
            outline,
            file,
            children,
            ..
        } = &self.modules[module];
        let item = (outline.items.contains(name)).then(|| Meaning::Item(*file, name.to_owned()));
        let child = children.get(name).copied().map(Meaning::Module);
        let mut meanings: Vec<Meaning> = item.into_iter().chain(child).collect();
        found.insert(key.clone(), None);
        for import in &outline.imports {
            if import.name.as_deref() == Some(name) {
                meanings.extend(self.resolve(module, &import.path, found));
            }
        }
        if meanings.is_empty() {
            let globs = outline
                .imports
                .iter()
                .filter(|import| import.name.is_none());
            for import in globs {
                if let Some(Meaning::Module(of)) = self.resolve(module, &import.path, found) {
                    meanings.extend(self.look_up(of, name, last, found));
                }
            }
        }
        let fits = |meaning: &&Meaning| matches!(meaning, Meaning::Item(..)) == last;
        let best = meanings.iter().find(fits).or(meanings.first()).cloned();
        found.insert(key, best.clone());
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of a crate with these files, as `from → to: names`.
    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let modules = Modules::read(&folder.path().join(files[0].0)).unwrap();
        let name = |file: usize| {
            let path = modules.files[file].strip_prefix(folder.path()).unwrap();
            path.to_str().unwrap().replace('\\', "/")
        };
        let shown = modules.arrows().into_iter().map(|((from, to), names)| {
            let names: Vec<String> = names.into_iter().collect();
            format!("{} → {}: {}", name(from), name(to), names.join(", "))
        });
        shown.collect()
    }

    #[test]
    fn an_import_from_the_root_is_an_arrow_to_the_file_that_defines_the_item() {
        let found = arrows(&[
            ("lib.rs", "mod a; mod b; pub use a::{A, inner::B};"),
            ("a.rs", "pub struct A; pub mod inner;"),
            ("a/inner.rs", "pub struct B;"),
            ("b.rs", "use crate::{A, B}; fn c(_: crate::a::inner::B) {}"),
        ]);
        assert_eq!(found, ["b.rs → a.rs: A", "b.rs → a/inner.rs: B"]);
    }

    #[test]
    fn a_reexport_is_an_arrow_only_where_the_name_is_used() {
        let found = arrows(&[
            (
                "lib.rs",
                "mod a; mod b; pub use a::A; pub use b::B; fn c(_: A) {}",
            ),
            ("a.rs", "pub struct A;"),
            ("b.rs", "pub struct B;"),
        ]);
        assert_eq!(found, ["lib.rs → a.rs: A"]);
    }

    #[test]
    fn an_item_of_a_parent_that_uses_its_child_makes_arrows_both_ways() {
        let found = arrows(&[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; pub struct A(b::B); pub struct C;"),
            ("a/b.rs", "use super::C; pub struct B(C);"),
        ]);
        assert_eq!(found, ["a/mod.rs → a/b.rs: B", "a/b.rs → a/mod.rs: C"]);
    }

    #[test]
    fn an_imported_module_is_an_arrow_to_what_is_used_of_it() {
        let found = arrows(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod c; pub use c::d; pub struct E;"),
            ("a/c.rs", "pub fn d() {}"),
            ("b.rs", "use crate::a; fn f() { a::d() }"),
        ]);
        assert_eq!(found, ["b.rs → a/c.rs: d"]);
    }

    #[test]
    fn a_module_and_an_item_may_have_the_same_name() {
        let found = arrows(&[
            ("lib.rs", "mod solve; mod b; pub use solve::solve;"),
            ("solve.rs", "pub fn solve() {} pub struct S;"),
            ("b.rs", "use crate::solve; use crate::solve::S;"),
        ]);
        assert_eq!(found, ["b.rs → solve.rs: S, solve"]);
    }

    #[test]
    fn names_are_found_through_globs_and_in_modules_within_a_file() {
        let found = arrows(&[
            ("main.rs", "mod a; mod b; pub use a::*;"),
            (
                "a.rs",
                "pub struct A; pub mod inner { pub const B: u8 = 1; }",
            ),
            (
                "b.rs",
                "mod c { use super::super::A; } fn d() { crate::inner::B; }",
            ),
        ]);
        assert_eq!(found, ["b.rs → a.rs: A, B"]);
    }

    #[test]
    fn other_crates_and_imports_of_each_other_are_no_arrows() {
        let found = arrows(&[
            (
                "lib.rs",
                "mod a; mod b; pub use a::X; use std::fmt; fn c() { fmt::d(); }",
            ),
            ("a.rs", "pub use crate::b::X;"),
            ("b.rs", "pub use crate::a::X; use X;"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn globs_of_several_other_crates_lead_nowhere() {
        let globs: String = ('a'..='p').map(|name| format!("use {name}::*; ")).collect();
        let text = format!("{globs} fn q() {{ r::s() }}");
        assert!(arrows(&[("lib.rs", &text)]).is_empty());
    }

    #[test]
    fn a_module_without_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, "mod a;").unwrap();
        let error = Modules::read(&root).err().unwrap().to_string();
        assert!(error.contains("names the module `a`"), "{error}");
    }
}
