"""Writes distillation.safetensors: losses of a small head that learns from a teacher's probabilities, and their
gradients, by PyTorch's autograd in float64 on float32 inputs. Run beside the file: python generate.py (torch, safetensors).

`all`: every id of the vocabulary at temperature 1, the mean over counted tokens of
       (1 - r) cross entropy + r (-sum p log q), less the teacher's entropy times r: torchtune's loss but for a constant.
`top`: the teacher's likeliest ids and one outcome for all others, at a temperature.
"""

import torch
from safetensors.torch import save_file

TOKENS, DIM, TEACHER_DIM, VOCAB = 9, 16, 24, 40
torch.manual_seed(7)
x = torch.randn(TOKENS, DIM)
weight = torch.randn(VOCAB, DIM)
teacher_x = torch.randn(TOKENS, TEACHER_DIM)
teacher_weight = torch.randn(VOCAB, TEACHER_DIM)
labels = torch.tensor([3, -100, 17, 39, 0, -100, 8, 25, 11])
counted = labels != -100
tensors = {"x": x, "weight": weight, "teacher_x": teacher_x, "teacher_weight": teacher_weight,
           "labels": labels.to(torch.int32)}


def learn(name, ratio, temperature, count):
    own_x = x.double().requires_grad_()
    own_weight = weight.double().requires_grad_()
    logits = own_x @ own_weight.T
    hard = torch.nn.functional.cross_entropy(logits, labels, ignore_index=-100)
    teacher = torch.log_softmax(teacher_x.double() @ teacher_weight.double().T / temperature, -1)
    own = torch.log_softmax(logits / temperature, -1)
    logp, ids = teacher.topk(count, -1)
    logq = own.gather(-1, ids)
    if count < VOCAB:
        logp = torch.cat([logp, torch.log1p(-logp.exp().sum(-1, keepdim=True))], -1)
        rest = own.exp().scatter(-1, ids, 0.0).sum(-1, keepdim=True)
        logq = torch.cat([logq, rest.log()], -1)
    divergence = (logp.exp() * (logp - logq)).sum(-1)[counted].mean()
    loss = (1 - ratio) * hard + ratio * temperature**2 * divergence
    loss.backward()
    tensors.update({
        f"{name}.parameters": torch.tensor([ratio, temperature, count], dtype=torch.float64),
        f"{name}.losses": torch.stack([loss, hard, divergence]).detach(),
        f"{name}.logp": logp[:, :count].contiguous(),
        f"{name}.dx": own_x.grad,
        f"{name}.dweight": own_weight.grad,
    })
    if count == VOCAB:
        # As torchtune writes it.
        forward_kl = -(teacher.exp() * own).sum(-1)[counted].mean()
        entropy = -(teacher.exp() * teacher).sum(-1)[counted].mean()
        assert torch.isclose((1 - ratio) * hard + ratio * (forward_kl - entropy), loss)


learn("all", 0.5, 1.0, VOCAB)
learn("top", 0.3, 2.0, 5)
save_file(tensors, "distillation.safetensors")
