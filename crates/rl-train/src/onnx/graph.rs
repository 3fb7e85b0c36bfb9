//! Graphs of ONNX, built node by node.

use super::messages::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, DOUBLE, Dimension, FLOAT, Graph, INT64, Node, Shape,
    Size, Tensor, TensorType, Type, ValueInfo,
};

/// Name of the size that is known when the graph runs: the number of observations.
const BATCH: &str = "batch";

/// Graph that nodes are added to. A value in it is known by its name.
#[derive(Default)]
pub(super) struct GraphBuilder {
    graph: Graph,
}

impl GraphBuilder {
    /// Adds an input of numbers, `[batch, size]`.
    pub fn input(&mut self, name: &str, size: usize, meaning: &str) -> String {
        let sizes = [Size::Named(BATCH.into()), Size::Known(size as i64)];
        self.graph
            .input
            .push(value(name, FLOAT, sizes.into(), meaning));
        name.to_owned()
    }

    /// Adds a constant of numbers.
    pub fn floats(&mut self, name: &str, dims: &[usize], numbers: &[f32]) -> String {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, FLOAT, dims, bytes)
    }

    /// Adds a constant of numbers in double precision.
    pub fn doubles(&mut self, name: &str, numbers: &[f64]) -> String {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, DOUBLE, &[numbers.len()], bytes)
    }

    /// Adds a constant of integers.
    pub fn integers(&mut self, name: &str, numbers: &[i64]) -> String {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, INT64, &[numbers.len()], bytes)
    }

    fn constant(
        &mut self,
        name: &str,
        data_type: i32,
        dims: &[usize],
        raw_data: Vec<u8>,
    ) -> String {
        self.graph.initializer.push(Tensor {
            dims: dims.iter().map(|&size| size as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data,
        });
        name.to_owned()
    }

    /// Adds a node with one output, which has its name.
    pub fn node(&mut self, name: &str, operator: &str, inputs: &[&str]) -> String {
        self.node_with(name, operator, inputs, Vec::new())
    }

    /// Adds a node with attributes.
    pub fn node_with(
        &mut self,
        name: &str,
        operator: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
    ) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute,
        });
        name.to_owned()
    }

    /// Adds a node that cuts rows `[batch, 2 size]` into two halves.
    pub fn halves(&mut self, names: [&str; 2], of: &str, size: usize) -> [String; 2] {
        let sizes = self.integers(&format!("{}.sizes", names[0]), &[size as i64; 2]);
        self.graph.node.push(Node {
            input: vec![of.to_owned(), sizes],
            output: names.map(str::to_owned).into(),
            name: format!("{} and {}", names[0], names[1]),
            op_type: "Split".into(),
            attribute: vec![integer("axis", 1)],
        });
        names.map(str::to_owned)
    }

    /// Makes rows of numbers, `[batch, size]`, an output.
    pub fn output(&mut self, name: &str, size: usize, meaning: &str) {
        let sizes = vec![Size::Named(BATCH.into()), Size::Known(size as i64)];
        self.graph.output.push(value(name, FLOAT, sizes, meaning));
    }

    /// Makes a vector of numbers, `[size]`, an output.
    pub fn output_vector(&mut self, name: &str, size: usize, meaning: &str) {
        let sizes = vec![Size::Known(size as i64)];
        self.graph.output.push(value(name, FLOAT, sizes, meaning));
    }

    /// Makes a vector of integers, `[batch]`, an output.
    pub fn output_indices(&mut self, name: &str, meaning: &str) {
        let sizes = vec![Size::Named(BATCH.into())];
        self.graph.output.push(value(name, INT64, sizes, meaning));
    }

    /// The graph, under a name.
    pub fn finish(self, name: &str) -> Graph {
        Graph {
            name: name.to_owned(),
            ..self.graph
        }
    }
}

/// Attribute that is an integer.
pub(super) fn integer(name: &str, i: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f: None,
        i: Some(i),
        kind: ATTRIBUTE_INT,
    }
}

/// Attribute that is a number.
pub(super) fn float(name: &str, f: f32) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f: Some(f),
        i: None,
        kind: ATTRIBUTE_FLOAT,
    }
}

fn value(name: &str, element: i32, sizes: Vec<Size>, meaning: &str) -> ValueInfo {
    let dimension = sizes.into_iter().map(|size| Dimension { size: Some(size) });
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor: Some(TensorType {
                element,
                shape: Some(Shape {
                    dimension: dimension.collect(),
                }),
            }),
        }),
        doc_string: meaning.to_owned(),
    }
}
