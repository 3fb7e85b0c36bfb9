"""The PPO of `ppo_torch.py` as one compiled program, environments of gymnax included, as PureJaxRL does it."""

import functools
import time

import gymnax
import jax
import jax.numpy as jnp
import optax

from shared import GYMNASIUM, OURS, cleanrl_details, only


def train(config, seed):
    n, t_max, clip, size = config["environments"], config["rollout_steps"], config["clip_range"], config["size"]
    batch_size = n * t_max
    minibatches, updates = batch_size // config["minibatch_size"], config["steps"] // batch_size
    env, env_params = gymnax.make(GYMNASIUM[config["env"]])
    reset, step = jax.vmap(env.reset, (0, None)), jax.vmap(env.step, (0, 0, 0, None))

    def mlp(key, outputs, gain):
        shapes = ((4, size, 2**0.5), (size, size, 2**0.5), (size, outputs, gain))
        init = jax.nn.initializers.orthogonal
        return [
            {"w": init(gain)(k, (i, o)), "b": jnp.zeros(o)} for k, (i, o, gain) in zip(jax.random.split(key, 3), shapes)
        ]

    def forward(net, x):
        for layer in net[:-1]:
            x = jnp.tanh(x @ layer["w"] + layer["b"])
        return x @ net[-1]["w"] + net[-1]["b"]

    def policy_and_value(params, x):
        return jax.nn.log_softmax(forward(params["actor"], x)), forward(params["critic"], x)[..., 0]

    def pick(log_probs, action):
        return jnp.take_along_axis(log_probs, action[:, None], 1)[:, 0]

    def learning_rate(count):
        return config["learning_rate"] * (1 - (count // (minibatches * config["epochs"])) / updates)

    opt = optax.chain(
        optax.clip_by_global_norm(config["max_grad_norm"]),
        optax.adam(learning_rate, eps=config["adam_epsilon"]),
    )

    def act(carry, _):
        params, observation, state, key = carry
        key, action_key, step_key = jax.random.split(key, 3)
        log_probs, value = policy_and_value(params, observation)
        action = jax.random.categorical(action_key, log_probs)
        out = step(jax.random.split(step_key, n), state, action, env_params)
        next_observation, state, reward, *ends, _ = out  # Before gymnax 1.0 one flag, then two.
        done = functools.reduce(jnp.logical_or, ends)
        transition = (observation, action, pick(log_probs, action), value, reward, done)
        return (params, next_observation, state, key), transition

    def gae(carry, x):
        advantage, next_value = carry
        reward, value, done = x
        delta = reward + config["gamma"] * next_value * (1 - done) - value
        advantage = delta + config["gamma"] * config["lambda"] * (1 - done) * advantage
        return (advantage, value), advantage

    def loss(params, batch):
        observation, action, old_log_prob, old_value, advantage, target = batch
        log_probs, value = policy_and_value(params, observation)
        clipped = old_value + jnp.clip(value - old_value, -clip, clip)
        value_loss = 0.5 * jnp.maximum((value - target) ** 2, (clipped - target) ** 2).mean()
        ratio = jnp.exp(pick(log_probs, action) - old_log_prob)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        surrogate = jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
        entropy = -(jnp.exp(log_probs) * log_probs).sum(-1).mean()
        return config["value_coef"] * value_loss - surrogate - config["entropy_coef"] * entropy

    def update(carry, _):
        params, opt_state, observation, state, key = carry
        rollout = (params, observation, state, key)
        (_, observation, state, key), (o, a, log_prob, value, reward, done) = jax.lax.scan(act, rollout, None, t_max)
        last = (jnp.zeros(n), policy_and_value(params, observation)[1])
        _, advantage = jax.lax.scan(gae, last, (reward, value, done), reverse=True, unroll=16)
        data = (o, a, log_prob, value, advantage, advantage + value)
        data = jax.tree.map(lambda x: x.reshape((batch_size, *x.shape[2:])), data)

        def learn(carry, batch):
            params, opt_state = carry
            changes, opt_state = opt.update(jax.grad(loss)(params, batch), opt_state, params)
            return (optax.apply_updates(params, changes), opt_state), None

        def epoch(carry, _):
            *learned, key = carry
            key, shuffle_key = jax.random.split(key)
            order = jax.random.permutation(shuffle_key, batch_size)
            batches = jax.tree.map(lambda x: x[order].reshape((minibatches, -1, *x.shape[1:])), data)
            learned, _ = jax.lax.scan(learn, tuple(learned), batches)
            return (*learned, key), None

        (params, opt_state, key), _ = jax.lax.scan(epoch, (params, opt_state, key), None, config["epochs"])
        return (params, opt_state, observation, state, key), reward.sum()

    def start_state(key):
        key, actor_key, critic_key, reset_key = jax.random.split(key, 4)
        params = {"actor": mlp(actor_key, 2, 0.01), "critic": mlp(critic_key, 1, 1.0)}
        return params, opt.init(params), *reset(jax.random.split(reset_key, n), env_params), key

    carry = jax.block_until_ready(jax.jit(start_state)(jax.random.PRNGKey(seed)))
    start = time.perf_counter()
    program = jax.jit(lambda carry: jax.lax.scan(update, carry, None, updates)).lower(carry).compile()
    compile_s = time.perf_counter() - start
    start = time.perf_counter()
    (params, opt_state, observation, *_), _ = jax.block_until_ready(program(carry))
    wall = time.perf_counter() - start
    hidden = [layer["w"].shape[1] for net in params.values() for layer in net[:-1]]
    ran = {
        **cleanrl_details(config),
        "env": OURS[env.name],
        "steps": updates * t_max * observation.shape[0],
        "environments": observation.shape[0],
        "rollout_steps": t_max,
        "minibatch_size": batch_size // minibatches,
        "epochs": int(opt_state[1][0].count) // (updates * minibatches),
        "learning_rate": learning_rate(0),
        "adam_epsilon": config["adam_epsilon"],
        "n_layers": len(hidden) // len(params),
        "size": only(hidden),
        "activation": "tanh",
    }
    return {"steps": ran["steps"], "wall_s": wall, "compile_s": compile_s, "config": ran}
