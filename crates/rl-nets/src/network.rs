//! Networks on a device: any Burn module from observations to outputs.

use std::fmt::Debug;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Gradients, Tensor};
use rl_core::NamedArray;

/// Burn module that can be a policy or a value function: what a user writes for one of their own.
///
/// A policy gives the outputs that its head asks for ([`Head::outputs`](crate::Head::outputs)), a
/// value function one; a policy that shares its layers with a value function gives the value last.
/// The same observation gives the same outputs: layers that draw, such as dropout, would make
/// importance ratios wrong.
///
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Tensor};
/// use rl_nets::Forward;
///
/// #[derive(Module, Debug)]
/// struct TwoLayers {
///     hidden: Linear,
///     output: Linear,
/// }
///
/// impl Forward for TwoLayers {
///     fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
///         self.output.forward(self.hidden.forward(observations).tanh())
///     }
/// }
///
/// let device = Device::flex();
/// let network = TwoLayers {
///     hidden: LinearConfig::new(4, 16).init(&device),
///     output: LinearConfig::new(16, 2).init(&device),
/// };
/// let outputs = network.forward(Tensor::zeros([3, 4], &device));
/// assert_eq!(outputs.dims(), [3, 2]);
/// ```
pub trait Forward: Module + 'static {
    /// The outputs `[batch, outputs]` for a batch of observations, `[batch, inputs]`.
    fn forward(&self, observations: Tensor<2>) -> Tensor<2>;
}

/// Burn module whose type is not named; every [`Forward`] is one.
///
/// The flat order of its parameters is that in which Burn visits them; parameters that are not
/// floating-point numbers stay as they are.
pub trait Network: Send + Debug {
    /// The outputs for a batch of observations: [`Forward::forward`].
    fn outputs(&self, observations: Tensor<2>) -> Tensor<2>;

    /// Number of parameters.
    fn count(&self) -> usize;

    /// The parameters by their names in the module, in the flat order; without values if the device
    /// fails.
    fn arrays(&self) -> Vec<NamedArray>;

    /// The parameters as one vector, `[len]`, apart from any tape.
    fn flat(&self) -> Tensor<1>;

    /// Replaces the parameters by those of one vector, `[len]`.
    fn set_flat(&mut self, flat: &Tensor<1>);

    /// The gradient of every parameter as one vector, `[len]`: zero where the loss does not depend
    /// on it, or without `gradients`.
    fn flat_gradient(&self, gradients: Option<&Gradients>) -> Tensor<1>;

    /// Takes a step of an optimizer down a gradient, `[len]`.
    fn step(&mut self, optimizer: &mut ModuleOptimizer, learning_rate: f64, gradient: &Tensor<1>);

    /// Numbers the parameters from `first`, as the state of an optimizer knows them, and returns the
    /// next number.
    fn number_parameters(&mut self, first: u64) -> u64;

    /// A copy that acts: on `device`, without a tape.
    fn to_act(&self, device: &Device) -> Box<dyn Network>;

    /// A copy that learns: on `device`, with a tape.
    fn to_learn(&self, device: &Device) -> Box<dyn Network>;

    /// A copy as it is.
    fn boxed_clone(&self) -> Box<dyn Network>;
}

impl<M: Forward> Network for M {
    fn outputs(&self, observations: Tensor<2>) -> Tensor<2> {
        Forward::forward(self, observations)
    }

    fn count(&self) -> usize {
        self.num_params()
    }

    fn arrays(&self) -> Vec<NamedArray> {
        let mut names = Names::default();
        self.visit(&mut names);
        names.arrays
    }

    fn flat(&self) -> Tensor<1> {
        flat(self)
    }

    fn set_flat(&mut self, flat: &Tensor<1>) {
        set_flat(self, flat);
    }

    fn flat_gradient(&self, gradients: Option<&Gradients>) -> Tensor<1> {
        flat_gradient(self, gradients)
    }

    fn step(&mut self, optimizer: &mut ModuleOptimizer, learning_rate: f64, gradient: &Tensor<1>) {
        step(self, optimizer, learning_rate, gradient);
    }

    fn number_parameters(&mut self, first: u64) -> u64 {
        number_parameters(self, first)
    }

    fn to_act(&self, device: &Device) -> Box<dyn Network> {
        Box::new(self.valid().fork(&device.clone().inner()))
    }

    fn to_learn(&self, device: &Device) -> Box<dyn Network> {
        Box::new(self.clone().train().fork(&device.clone().autodiff()))
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}

/// [`Network::flat`] of any module.
pub(crate) fn flat<M: Module>(module: &M) -> Tensor<1> {
    let mut values = Values::default();
    module.visit(&mut values);
    Tensor::cat(values.parts, 0)
}

/// [`Network::set_flat`] of any module.
pub(crate) fn set_flat<M: Module>(module: &mut M, flat: &Tensor<1>) {
    let mut setter = Setter { flat, start: 0 };
    *module = module.clone().map(&mut setter);
}

/// [`Network::flat_gradient`] of any module.
pub(crate) fn flat_gradient<M: Module>(module: &M, gradients: Option<&Gradients>) -> Tensor<1> {
    let mut of_parameters = GradientParts {
        gradients,
        parts: Vec::new(),
    };
    module.visit(&mut of_parameters);
    Tensor::cat(of_parameters.parts, 0)
}

/// [`Network::step`] of any module.
pub(crate) fn step<M: Module>(
    module: &mut M,
    optimizer: &mut ModuleOptimizer,
    learning_rate: f64,
    gradient: &Tensor<1>,
) {
    let mut split = GradientSplit {
        gradient,
        start: 0,
        gradients: GradientsParams::new(),
    };
    module.visit(&mut split);
    *module = optimizer.step(learning_rate, module.clone(), split.gradients);
}

/// [`Network::number_parameters`] of any module.
pub(crate) fn number_parameters<M: Module>(module: &mut M, first: u64) -> u64 {
    let mut numbers = Numbers { next: first };
    *module = module.clone().map(&mut numbers);
    numbers.next
}

#[derive(Default)]
struct Names {
    path: Vec<String>,
    arrays: Vec<NamedArray>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let shape = value.dims().to_vec();
        let values = value.into_data().try_to_vec::<f32>();
        self.arrays.push(NamedArray {
            name: self.path.join("."),
            shape,
            values: values.unwrap_or_default(),
        });
    }
}

#[derive(Default)]
struct Values {
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.parts.push(as_vector(param.val().inner()));
    }
}

struct GradientParts<'a> {
    gradients: Option<&'a Gradients>,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for GradientParts<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let gradient = self.gradients.and_then(|gradients| value.grad(gradients));
        let gradient = gradient.unwrap_or_else(|| value.inner().zeros_like());
        self.parts.push(as_vector(gradient));
    }
}

struct GradientSplit<'a> {
    gradient: &'a Tensor<1>,
    start: usize,
    gradients: GradientsParams,
}

impl ModuleVisitor for GradientSplit<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = next_part(self.gradient, &mut self.start, param.dims());
        self.gradients.register(param.id, gradient);
    }
}

struct Setter<'a> {
    flat: &'a Tensor<1>,
    start: usize,
}

impl ModuleMapper for Setter<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let new = next_part(self.flat, &mut self.start, param.dims());
        param.map(|old| {
            if old.is_require_grad() {
                new.autodiff().require_grad()
            } else if old.is_autodiff() {
                new.autodiff()
            } else {
                new
            }
        })
    }
}

struct Numbers {
    next: u64,
}

impl ModuleMapper for Numbers {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, value, mapper) = param.consume();
        self.next += 1;
        Param::from_mapped_value(ParamId::from(self.next - 1), value, mapper)
    }
}

fn as_vector<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let length = tensor.dims().iter().product::<usize>();
    tensor.reshape([length])
}

/// The next part of a flat vector, in the shape of a parameter.
fn next_part<const D: usize>(flat: &Tensor<1>, start: &mut usize, dims: [usize; D]) -> Tensor<D> {
    let length = dims.iter().product();
    let part = flat.clone().narrow(0, *start, length);
    *start += length;
    part.reshape(dims)
}
