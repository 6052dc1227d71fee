"""Vaccines: CVX codes and the ages, in months, at which a dose is due (close to the usual United States schedule)."""

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class Vaccine:
    """One vaccine and its schedule; an influenza dose is due every autumn instead."""

    cvx: str
    name: str
    months: tuple[int, ...]
    hcpcs: str = "90471"


INFLUENZA = Vaccine("140", "Influenza, seasonal, injectable, preservative free", (), "G0008")

VACCINES = (
    Vaccine("08", "Hep B, adolescent or pediatric", (0, 1, 6)),
    Vaccine("119", "rotavirus, monovalent", (2, 4)),
    Vaccine("20", "DTaP", (2, 4, 6, 15, 48)),
    Vaccine("49", "Hib (PRP-OMP)", (2, 4, 12)),
    Vaccine("133", "Pneumococcal conjugate PCV 13", (2, 4, 6, 12)),
    Vaccine("10", "IPV", (2, 4, 6, 48)),
    Vaccine("03", "MMR", (12, 48)),
    Vaccine("21", "varicella", (12, 48)),
    Vaccine("83", "Hep A, ped/adol, 2 dose", (12, 18)),
    Vaccine("115", "Tdap", (132,)),
    Vaccine("62", "HPV, quadrivalent", (132, 138)),
    Vaccine("114", "meningococcal MCV4P", (132, 192)),
    Vaccine("113", "Td (adult) preservative free", (252, 372, 492, 612, 732, 852, 972)),
    Vaccine("121", "zoster live", (720,)),
    Vaccine("33", "pneumococcal polysaccharide vaccine, 23 valent", (792,)),
)

REFUSED = ("PATOBJ", "patient objection")
