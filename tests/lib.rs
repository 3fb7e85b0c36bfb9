//! Tests that cross crates: each is a file beside this one.
