//! The messages of an event file that are written here, with their numbers in TensorFlow's `event.proto`,
//! `summary.proto` and `tensor.proto`, and in the `plugin_data.proto` of TensorBoard's plugin `hparams`.

use std::collections::BTreeMap;

use prost::{Enumeration, Message, Oneof};
use toml::Table;

/// One record of an event file.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Environment steps.
    #[prost(int64, tag = "2")]
    pub step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    pub what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

/// Value of a tag.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(string, tag = "1")]
    pub tag: String,
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
    #[prost(oneof = "Content", tags = "2, 5, 8")]
    pub content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Content {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "5")]
    Histogram(Histogram),
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Histogram {
    #[prost(double, tag = "1")]
    pub min: f64,
    #[prost(double, tag = "2")]
    pub max: f64,
    #[prost(double, tag = "3")]
    pub count: f64,
    #[prost(double, tag = "4")]
    pub sum: f64,
    #[prost(double, tag = "5")]
    pub sum_of_squares: f64,
    /// Upper end of each bucket.
    #[prost(double, repeated, tag = "6")]
    pub limits: Vec<f64>,
    /// Number of values in each bucket.
    #[prost(double, repeated, tag = "7")]
    pub counts: Vec<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Tensor {
    #[prost(enumeration = "DataType", tag = "1")]
    pub data_type: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
    #[prost(float, repeated, tag = "5")]
    pub floats: Vec<f32>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub strings: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub(crate) enum DataType {
    Invalid = 0,
    Float = 1,
    String = 7,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Shape {
    #[prost(message, repeated, tag = "2")]
    pub dimensions: Vec<Dimension>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Dimension {
    #[prost(int64, tag = "1")]
    pub size: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metadata {
    #[prost(message, optional, tag = "1")]
    pub plugin: Option<Plugin>,
}

/// Plugin of TensorBoard that shows a tag.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Plugin {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct HyperparametersData {
    #[prost(message, optional, tag = "3")]
    session: Option<Session>,
}

/// `SessionStartInfo`.
#[derive(Clone, PartialEq, Message)]
struct Session {
    #[prost(btree_map = "string, message", tag = "1")]
    hyperparameters: BTreeMap<String, Setting>,
    #[prost(double, tag = "5")]
    start: f64,
}

/// `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
struct Setting {
    #[prost(oneof = "SettingValue", tags = "2, 3, 4")]
    value: Option<SettingValue>,
}

#[derive(Clone, PartialEq, Oneof)]
enum SettingValue {
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Flag(bool),
}

fn value(tag: impl Into<String>, content: Content) -> Value {
    Value {
        tag: tag.into(),
        metadata: None,
        content: Some(content),
    }
}

/// A number under a tag, in single precision, as TensorBoard has numbers.
pub(crate) fn scalar(tag: &str, number: f64) -> Value {
    value(tag, Content::Scalar(number as f32))
}

fn of_plugin(tag: &str, name: &str, content: Vec<u8>, tensor: Tensor) -> Value {
    let name = name.to_owned();
    let plugin = Some(Plugin { name, content });
    Value {
        metadata: Some(Metadata { plugin }),
        ..value(tag, Content::Tensor(tensor))
    }
}

/// A text in Markdown under a tag.
pub(crate) fn text(tag: &str, markdown: &str) -> Value {
    let tensor = Tensor {
        data_type: DataType::String.into(),
        shape: Some(Shape {
            dimensions: vec![Dimension { size: 1 }],
        }),
        strings: vec![markdown.as_bytes().to_vec()],
        ..Tensor::default()
    };
    of_plugin(tag, "text", Vec::new(), tensor)
}

/// The keys of a configuration as hyperparameters of a run that starts at a time, in seconds since 1970.
pub(crate) fn hyperparameters(config: &Table, start: f64) -> Value {
    let setting = |value: &toml::Value| {
        let value = Some(match value {
            toml::Value::Integer(n) => SettingValue::Number(*n as f64),
            toml::Value::Float(x) => SettingValue::Number(*x),
            toml::Value::Boolean(flag) => SettingValue::Flag(*flag),
            toml::Value::String(text) => SettingValue::Text(text.clone()),
            other => SettingValue::Text(other.to_string()),
        });
        Setting { value }
    };
    let settings = config
        .iter()
        .map(|(key, value)| (key.clone(), setting(value)));
    let data = HyperparametersData {
        session: Some(Session {
            hyperparameters: settings.collect(),
            start,
        }),
    };
    // The plugin wants a tensor, and reads nothing of it.
    let nothing = Tensor {
        data_type: DataType::Float.into(),
        shape: Some(Shape::default()),
        floats: vec![0.0],
        ..Tensor::default()
    };
    let content = data.encode_to_vec();
    of_plugin("_hparams_/session_start_info", "hparams", content, nothing)
}

impl Value {
    /// Returns `true` for a histogram.
    pub(crate) fn is_histogram(&self) -> bool {
        matches!(self.content, Some(Content::Histogram(_)))
    }
}

impl Event {
    /// An event with values of the moment, at so many environment steps.
    pub(crate) fn of(wall_time: f64, step: u64, values: Vec<Value>) -> Self {
        Self {
            wall_time,
            step: i64::try_from(step).unwrap_or(i64::MAX),
            what: Some(What::Summary(Summary { values })),
        }
    }

    /// The event that a file begins with.
    pub(super) fn version(wall_time: f64) -> Self {
        Self {
            wall_time,
            step: 0,
            what: Some(What::FileVersion("brain.Event:2".into())),
        }
    }

    /// Its values.
    pub(crate) fn values(&self) -> &[Value] {
        match &self.what {
            Some(What::Summary(summary)) => &summary.values,
            _ => &[],
        }
    }
}
