//! Burn's backends by name, and their devices.

use burn::tensor::Device;

/// A backend to learn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Burn's CPU backend `flex`.
    Flex,
    /// Burn's CPU backend on `ndarray`.
    Ndarray,
    /// A GPU through wgpu, shaders in WGSL.
    Wgpu,
    /// A GPU through wgpu on Vulkan, shaders in SPIR-V. Untested, and known to crash on Mesa's
    /// software driver of Debian 12.
    Vulkan,
    /// An Apple GPU through wgpu on Metal. Untested.
    Metal,
    /// An NVIDIA GPU through CUDA. Untested.
    Cuda,
}

/// Reason why a backend has no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The binary was built without it.
    #[error(
        "backend '{name}' is not part of this binary, which has {compiled}; build it with \
         `--features {name}`, or run `cargo xtask train --backend {name}`"
    )]
    NotCompiled {
        /// The backend.
        name: &'static str,
        /// Those that the binary has.
        compiled: String,
    },
    /// No hardware or driver for it.
    #[error(
        "backend '{name}' found no device: {reason}. It needs a GPU driver; without a GPU, \
         Debian's package mesa-vulkan-drivers has a software one. CPU backends need nothing: \
         --backend flex"
    )]
    NoDevice {
        /// The backend.
        name: &'static str,
        /// The driver's message.
        reason: String,
    },
}

impl Default for Backend {
    /// The first CPU backend that was compiled in, or else the first backend.
    fn default() -> Self {
        let mut compiled = Self::ALL
            .into_iter()
            .filter(|backend| backend.is_compiled());
        compiled.next().unwrap_or(Self::Flex)
    }
}

impl Backend {
    /// Every backend, those of a CPU first.
    pub const ALL: [Self; 6] = [
        Self::Flex,
        Self::Ndarray,
        Self::Wgpu,
        Self::Vulkan,
        Self::Metal,
        Self::Cuda,
    ];

    /// The name, which is also the Cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Cuda => "cuda",
        }
    }

    /// A description in one line.
    pub fn description(self) -> &'static str {
        match self {
            Self::Flex => {
                "CPU, Burn's own kernels (the default: the faster one for small networks)"
            }
            Self::Ndarray => "CPU, on the ndarray crate",
            Self::Wgpu => "GPU through wgpu with WGSL shaders; any Vulkan, Metal or DX12 driver",
            Self::Vulkan => "GPU through wgpu with SPIR-V shaders; untested, crashes on Mesa 22.3",
            Self::Metal => "Apple GPU through wgpu with Metal shaders; untested",
            Self::Cuda => "NVIDIA GPU through CUDA; untested",
        }
    }

    /// The backend called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|backend| backend.name() == name)
    }

    /// Returns `true` if this binary has it.
    pub fn is_compiled(self) -> bool {
        match self {
            Self::Flex => cfg!(feature = "flex"),
            Self::Ndarray => cfg!(feature = "ndarray"),
            Self::Wgpu => cfg!(feature = "wgpu"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Cuda => cfg!(feature = "cuda"),
        }
    }

    /// Its default device, started.
    ///
    /// # Errors
    /// [`BackendError`] if it was not compiled in, or finds no device.
    pub fn device(self) -> Result<Device, BackendError> {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "offered as long as Burn has it")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => self.started(Device::wgpu_options().init()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => {
                let api = burn::tensor::wgpu::WgpuBackend::Vulkan;
                self.started(Device::wgpu_options().graphics_api(api).init())
            }
            #[cfg(feature = "metal")]
            Self::Metal => {
                let api = burn::tensor::wgpu::WgpuBackend::Metal;
                self.started(Device::wgpu_options().graphics_api(api).init())
            }
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            #[allow(
                unreachable_patterns,
                reason = "with every feature on, no backend is left"
            )]
            _ => {
                let compiled = Self::ALL
                    .into_iter()
                    .filter(|backend| backend.is_compiled());
                let compiled: Vec<_> = compiled.map(Self::name).collect();
                Err(BackendError::NotCompiled {
                    name: self.name(),
                    compiled: compiled.join(", "),
                })
            }
        }
    }

    #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
    fn started<E: std::fmt::Display>(
        self,
        device: Result<Device, E>,
    ) -> Result<Device, BackendError> {
        device.map_err(|error| BackendError::NoDevice {
            name: self.name(),
            reason: error.to_string(),
        })
    }
}
