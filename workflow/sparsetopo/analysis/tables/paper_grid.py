"""The paper's grid of 1,260 sparse networks (Cunegatti et al. 2024, section 4)."""

ALGORITHMS = ("snip", "grasp", "synflow", "prospr", "uniform", "er", "erk")
DATASETS = ("CIFAR-10", "CIFAR-100", "Tiny-ImageNet")
ARCHITECTURES = ("Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2")
SPARSITIES = ("0.6", "0.8", "0.9", "0.95", "0.98")
SEEDS = (0, 1, 2)
