"""What the programs share: names, PyTorch's start, and the reading back of configurations."""

GYMNASIUM = {
    "cartpole": "CartPole-v1",
    "half-cheetah": "HalfCheetah-v5",
    "lunar-lander": "LunarLander-v3",
    "taxi": "Taxi-v4",
}
OURS = {name: ours for ours, name in GYMNASIUM.items()}


def start_torch():
    """Loads PyTorch, and what it loads on the first backward pass and optimizer step; to be called before seeding."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    opt = torch.optim.Adam(net.parameters())
    distribution = torch.distributions.Categorical(logits=net(torch.zeros(2, 4)))
    distribution.log_prob(distribution.sample()).mean().backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()


def layers(net):
    """The keys of the configuration that a `Sequential` of linear layers, normalised or not, shows."""
    linear = [layer for layer in net if hasattr(layer, "out_features")]
    sizes = {layer.out_features for layer in linear[:-1]}
    others = [layer for layer in net if not hasattr(layer, "out_features")]
    activations = {type(layer).__name__.lower() for layer in others if not hasattr(layer, "normalized_shape")}
    return {"n_layers": len(linear) - 1, "size": only(sizes), "activation": only(activations)}


def only(values):
    """The one value there is."""
    (value,) = set(values)
    return value


def only_equal(first, second):
    """`first`, if `second` is the same."""
    if first != second:
        raise ValueError(f"actor {first} and critic {second} differ")
    return first


def cleanrl_details(config):
    """The keys of `ppo-cleanrl` that are in the text of the two programs, and the numbers that they take from
    `config` straight into their formulas."""
    formulas = ("gamma", "lambda", "clip_range", "entropy_coef", "value_coef", "max_grad_norm")
    return {
        "algo": "ppo",
        **{key: config[key] for key in formulas},
        "anneal_clip_range": False,
        "clip_value_loss": True,
        "value_loss": "half-mse",
        "normalize_advantages": "minibatch",
        "anneal_learning_rate": True,
        "networks": "separate",
        "initialization": "orthogonal",
    }
